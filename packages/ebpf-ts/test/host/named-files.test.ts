import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import {
  chmodSync,
  closeSync,
  mkdtempSync,
  statSync,
  openSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { EbpfError } from "../../src/base/errors.ts";
import {
  isExecutable,
  makeFolder,
  fileKind,
  moduleUrlOf,
  notRegular,
  openNamed,
  openRegular,
  readNamed,
} from "../../src/host/named-files.ts";
import { closeFile, isRegular, readAt, fileSize } from "../../src/host/open-files.ts";
import { refusal } from "../../src/host/refusal.ts";

describe("what a user names", () => {
  const folder = mkdtempSync(join(tmpdir(), "ebpf-named-"));
  const file = join(folder, "file");
  writeFileSync(file, "0123456789");
  chmodSync(file, 0o755);
  symlinkSync("file", join(folder, "link"));
  symlinkSync("nothing", join(folder, "lost"));
  const pipe = join(folder, "pipe");
  execFileSync("mkfifo", [pipe]);
  after(() => rmSync(folder, { recursive: true }));

  it("is a folder that is made with those above it, or an error where none can be made", () => {
    const made = join(folder, "a", "b", "c");
    makeFolder(made);
    makeFolder(made);
    assert.equal(statSync(made).mode & 0o777, 0o700);
    assert.throws(() => makeFolder("/proc/ebpf-folder/b"), { code: "ENOENT" });
    assert.throws(() => makeFolder(join(file, "a")), { code: "ENOTDIR" });
  });

  it("is a file, a folder, something else or nothing", () => {
    const kinds = [file, folder, "/dev/null", join(folder, "link"), join(folder, "lost"), join(file, "in")].map(
      fileKind,
    );
    assert.deepEqual(kinds, ["file", "folder", "other", "file", undefined, undefined]);
    assert.deepEqual([file, join(folder, "lost")].map(isExecutable), [true, false]);
  });

  it("is read from anywhere", () => {
    const fd = openNamed(file, "read");
    try {
      const bytes = new Uint8Array(4);
      assert.deepEqual([readAt(fd, bytes, 8), bytes[0], bytes[1]], [2, 0x38, 0x39]);
      assert.deepEqual([fileSize(fd), isRegular(fd)], [10, true]);
    } finally {
      closeFile(fd);
    }
  });

  it("is read up to a limit, also where it has no end", async () => {
    assert.equal(new TextDecoder().decode(await readNamed(file, 4)), "0123");
    assert.equal((await readNamed(file, 100)).length, 10);
    assert.equal((await readNamed("/dev/zero", 100_000)).length, 100_000);
  });

  it("is a terminal that has nothing: that is said at once", async () => {
    await assert.rejects(readNamed("/dev/ptmx", 100), { code: "EAGAIN" });
  });

  it("is opened without waiting for the other end of a pipe", async () => {
    const fd = openNamed(pipe, "read");
    assert.equal(isRegular(fd), false);
    closeFile(fd);
    assert.throws(() => openRegular(pipe), { code: notRegular });
    assert.throws(() => openRegular("/dev/null"), { code: notRegular });
    assert.throws(() => openRegular(folder), { code: notRegular });
    assert.equal((await readNamed(pipe, 100)).length, 0);
  });

  it("may be a pipe that somebody writes, now or as soon as it is opened", async () => {
    for (const script of ['printf 0123; read go; printf 45 # "$1"', 'exec >"$1"; printf 0123; read go; printf 45']) {
      const isOpened = script.includes("exec");
      const child = spawn("sh", ["-c", script, "sh", pipe], { stdio: ["pipe", "pipe", "inherit"] });
      const fd = isOpened ? undefined : openSync(pipe, "r+");
      if (fd !== undefined) child.stdout.on("data", (data: Buffer) => writeSync(fd, data));
      const whole = readNamed(pipe, 6);
      child.stdin.end("go\n");
      assert.equal(new TextDecoder().decode(await whole), "012345");
      if (fd !== undefined) closeSync(fd);
    }
  });

  it("is not made where something is", () => {
    assert.throws(() => openNamed(file, "new", 0o600), { code: "EEXIST" });
  });

  it("is a module by its path or its URL", () => {
    assert.equal(moduleUrlOf("/a b/handler.js"), "file:///a%20b/handler.js");
    assert.equal(moduleUrlOf("data:text/javascript,"), "data:text/javascript,");
    assert.match(moduleUrlOf("handler.js"), /^file:\/\/\/.*\/handler\.js$/);
  });
});

describe("what the runtime refuses", () => {
  const otherwise = (code: string): EbpfError => new EbpfError("NOT_FOUND", `Cannot look: ${code}`);

  it("is for want of descriptors, or what the caller makes of its code", () => {
    assert.deepEqual(
      [{ code: "EMFILE" }, { code: "ENFILE" }, { code: "EACCES" }, {}, undefined].map((cause) => {
        const { code, message } = refusal(cause, "look", otherwise);
        return `${code} ${message}`;
      }),
      [
        "TOO_MANY_FILES Cannot look: this process has too many open files (EMFILE)",
        "TOO_MANY_FILES Cannot look: the system has too many open files (ENFILE)",
        "NOT_FOUND Cannot look: EACCES",
        "NOT_FOUND Cannot look: unknown error",
        "NOT_FOUND Cannot look: unknown error",
      ],
    );
  });
});
