import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { copyForNobody, ebpf, nobody, root, runFile } from "./ebpf.ts";
import { kernelOrSkip, mountTracefs, rootOrSkip } from "./requirements.ts";
import { control, isAlive, object, sends, sentence, stackTrace } from "./support.ts";

const folder = mkdtempSync(join(tmpdir(), "ebpf-cli-"));
chmodSync(folder, 0o755);
let unmountTracefs = (): void => {};
before(() => {
  if (kernelOrSkip() === false) unmountTracefs = mountTracefs();
});
after(() => {
  unmountTracefs();
  rmSync(folder, { recursive: true });
});

const good = readFileSync(join(root, object));

function file(name: string, bytes: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

function sparse(): string {
  const path = file("sparse.o", good);
  truncateSync(path, 2 ** 40);
  return path;
}

function pipe(): string {
  const path = join(folder, "pipe.o");
  if (!existsSync(path)) execFileSync("mkfifo", [path]);
  return path;
}

describe("objects that are none", { timeout: 120_000 }, () => {
  const cases: [title: string, path: () => string, says: RegExp][] = [
    ["an empty file", () => file("empty.o", ""), /ELF/],
    [
      "garbage",
      () =>
        file(
          "garbage.o",
          Uint8Array.from({ length: 5000 }, (_, i) => (i * 7919) >> 3),
        ),
      /ELF/,
    ],
    [
      "garbage behind a magic number",
      () => file("magic.o", Buffer.concat([good.subarray(0, 4), Buffer.alloc(500, 0xff)])),
      /ELF|object/,
    ],
    ["one that was cut off", () => file("cut.o", good.subarray(0, good.length / 2)), /./],
    ["one that never ends", () => "/dev/zero", /more than \d+ bytes/],
    ["one of a terabyte", sparse, /more than \d+ bytes/],
    ["a source", () => file("it's.bpf.c", "int x;\n"), /it is C: compile it with ebpf build '.*it'\\''s\.bpf\.c'$/m],
    ["a pipe that nobody writes", pipe, /ELF/],
    ["a directory", () => folder, /it is a directory/],
    ["nothing", () => join(folder, "nothing.o"), /there is no such file/],
    ["a file below a file", () => join(root, object, "below"), /not a folder/],
    ["a name with a line break and escape sequences", () => join(folder, "a\n\x1b[2Jb"), /there is no such file/],
  ];
  for (const [title, path, says] of cases) {
    for (const command of [["inspect"], ["run", "--engine", "embedded"]]) {
      it(`${command[0]}: ${title}`, async () => {
        const { code, stdout, stderr } = await ebpf([
          ...command,
          path(),
          ...(command[0] === "run" ? ["--", "true"] : []),
        ]);
        assert.equal(code, 1, stderr);
        assert.equal(stdout, "");
        assert.match(stderr, sentence);
        assert.match(stderr, says);
        assert.match(stderr, /^ebpf: Cannot read /, "which file it is");
        assert.doesNotMatch(stderr.trimEnd(), control);
      });
    }
  }

  it("a file that this user may not read", { skip: rootOrSkip("to become another user") }, async () => {
    const path = file("secret.o", good);
    chmodSync(path, 0o600);
    const copy = await copyForNobody();
    try {
      const { code, stderr } = await ebpf(["inspect", path], { root: copy.root, uid: nobody });
      assert.equal(code, 1);
      assert.match(stderr, /^ebpf: Cannot read .*: this user may not read it\n$/);
    } finally {
      await copy.remove();
    }
  });
});

const traced = (...options: readonly string[]): string[] => [
  "run",
  "packages/ebpf-ts/test/fixtures/tracepoint.bpf.o",
  "--engine",
  "embedded",
  ...options,
  "--",
  "true",
];

describe("work that fails: one sentence, exit code 1", () => {
  const cases: [title: string, args: string[], says: RegExp][] = [
    ["no such object", ["run", "/no/such.bpf.o"], /Cannot read \/no\/such.bpf.o/],
    ["no such command", [...traced().slice(0, -1), "no-such-command"], /no such command/],
    ["no such cgroup", traced("--cgroup", "/no/such"), /there is no folder \/no\/such/],
    ["no such header", traced("--header", "/no/such.h"), /Cannot read header/],
    ["no such object to inspect", ["inspect", "/no/such.bpf.o"], /Cannot read/],
    ["no such source", ["build", "/no/such.bpf.c"], /no such/],
    ["no such object to generate from", ["gen", "/no/such.bpf.o"], /Cannot read/],
  ];
  for (const [title, args, says] of cases) {
    it(title, async () => {
      const { code, stdout, stderr } = await ebpf(args);
      assert.deepEqual([code, stdout], [1, ""], stderr);
      assert.match(stderr, sentence);
      assert.match(stderr, says);
    });
  }
});

describe("a wrong command line: one sentence, exit code 2", () => {
  const cases: [title: string, args: string[], says: RegExp][] = [
    ["an unknown command", ["dance"], /Unknown command 'dance'/],
    ["a command that is nearly one", ["inspct", object], /Did you mean inspect/],
    ["no object", ["run"], /Missing required argument 'object'/],
    ["an unknown option", ["run", object, "--fast"], /Unknown option '--fast'/],
    ["escape sequences", ["run", object, "--\x1b[2J"], /\\x1b/],
    ["no value", ["run", object, "--count"], /argument missing/],
    ["a count of nothing", ["run", object, "-n", "0"], /above 0/],
    ["a count beyond all numbers", ["run", object, "-n", "1e300"], /whole number/],
    ["a time before now", ["run", object, "-d", "-1"], /above 0/],
    ["a time that is no number", ["run", object, "-d", "soon"], /number of seconds/],
    [
      "JSON that is none",
      ["run", object, "--engine", "embedded", "--send", "user_ringbuf={i:1}", "--", "true"],
      /as JSON/,
    ],
    ["two objects", ["inspect", object, object], /Too many arguments/],
    ["an interval of nothing", ["run", object, "--interval", "0"], /above 0/],
    ["no entries", ["run", object, "--top", "0"], /whole number/],
    [
      "a histogram that is not there",
      ["run", object, "--engine", "embedded", "--linear", "latncy", "--", "true"],
      /no map or global variable of that name/,
    ],
    ["an engine that is none", traced("--engine", "kernl"), /Allowed choices/],
    ["process 0", traced("--pid", "0"), /from 1 to 4194304/],
    ["a process beyond all", traced("--pid", "4194305"), /from 1 to 4194304/],
    ["a process by its name", traced("--pid", "sh"), /number of a process/],
    ["nobody's user", traced("--uid", "4294967295"), /from 0 to 4294967294/],
    ["no name", traced("--comm", ""), /1 to 15 bytes/],
    ["a name that no task has", traced("--comm", "sixteen-letters-"), /1 to 15 bytes/],
    ["no cgroup", traced("--cgroup", ""), /It takes a folder/],
    ["an assignment that is none", traced("--set", "only_number"), /name=json/],
    ["a variable that is not there", traced("--set", "only_numbr=1"), /no such variable/],
    ["a value that is none of the variable's", traced("--set", "only_number=abc"), /not a bigint/],
    ["a ring that is not there", traced("--send", "evnts={}"), /Cannot find map evnts/],
    ["a ring that programs write", traced("--send", "events={}"), /ringBuf\(\)/],
    ["types of a ring that is not there", traced("--type", "evnts=event"), /did you mean events/],
    ["a type that is not there", traced("--type", "events=evnt"), /no such type/],
    ["a type that is larger than the records", traced("--type", "events=opened"), /it takes 272 bytes, and they have/],
    ["types without a ring", traced("--type", "events"), /ring=struct/],
    ["a type to inspect by", ["inspect", object, "--type", "kernel_ringbuf=nope"], /no such type/],
    [
      "a message that does not fit",
      ["run", object, "--engine", "embedded", "--send", 'user_ringbuf={"nope":1}', "--", "true"],
      /no such member/,
    ],
    ["no command, on the embedded engine", ["run", object, "--engine", "embedded"], /add one, such as/],
    ["an option of another command", ["inspect", object, "--pid", "1"], /Unknown option/],
    ["two modules in one file", ["gen", object, object, "-o", "x.ts"], /for one object/],
  ];
  for (const [title, args, says] of cases) {
    it(title, async () => {
      const { code, stdout, stderr } = await ebpf(args);
      assert.equal(code, 2, stderr);
      assert.equal(stdout, "");
      assert.match(stderr, sentence);
      assert.match(stderr, says);
      assert.doesNotMatch(stderr.trimEnd(), control);
    });
  }
});

describe("a traced command", { timeout: 60_000 }, () => {
  it("is seen with its children, and after it has become another program", async () => {
    const script = "(kill -0 $$; :) & (exec sh -c 'kill -0 $$'); wait; exec sh -c 'kill -0 $$'";
    const fixture = "packages/ebpf-ts/test/fixtures/tracepoint.bpf.o";
    const { code, stdout, stderr } = await ebpf([
      "run",
      fixture,
      "--engine",
      "embedded",
      "--json",
      "--",
      "sh",
      "-c",
      script,
    ]);
    assert.equal(code, 0, stderr);
    const events = stdout
      .trimEnd()
      .split("\n")
      .flatMap((line) => JSON.parse(line).event ?? []);
    const kills = events.filter(({ kind, number }) => kind === "KIND_ENTER" && number === 62);
    assert.equal(kills.length, 3);
    assert.equal(new Set(kills.map(({ pid }) => pid)).size, 3);
  });
});

for (const engine of ["embedded", "kernel"]) {
  describe(
    `commands that misbehave (${engine})`,
    { skip: engine === "kernel" ? kernelOrSkip() : false, timeout: 60_000 },
    () => {
      const run = (script: string, ...options: string[]) =>
        ebpf(["run", object, "--engine", engine, "--json", ...sends(4), ...options, "--", "sh", "-c", script]);

      /** The first call drains all messages, and answers each. */
      const count = (stdout: string): number => {
        const events = stdout
          .split("\n")
          .filter((line) => line !== "")
          .flatMap((line) => JSON.parse(line).event ?? []);
        for (const { comm } of events) assert.equal(comm, "sh");
        return events.length;
      };

      it("forks and execs", async () => {
        const { code, stdout, stderr } = await run(
          "(kill -0 $$; :) & (exec sh -c 'kill -0 $$'); wait; exec sh -c 'kill -0 $$'",
        );
        assert.equal(code, 0, stderr);
        assert.equal(count(stdout), 4);
      });

      it("dies by a signal: its events are printed, and it is said", async () => {
        const { code, stdout, stderr } = await run("kill -0 $$; kill -KILL $$");
        assert.equal(code, 1);
        assert.equal(count(stdout), 4);
        assert.match(stderr, /^ebpf: The command sh was ended by SIGKILL/m);
      });

      it("fails: that is its own business", async () => {
        const { code, stderr } = await run("kill -0 $$; exit 7");
        assert.equal(code, 0, stderr);
      });

      it("closes its standard streams", async () => {
        const { code, stdout, stderr } = await run("exec <&- >&- 2>&-; kill -0 $$; kill -0 $$");
        assert.equal(code, 0, stderr);
        assert.equal(count(stdout), 4);
      });

      it("prints bytes that are no text: the events are JSON all the same", async () => {
        const { code, stdout } = await run("head -c 5000 /dev/urandom; kill -0 $$; printf '{\"pid\":'");
        assert.equal(code, 0);
        assert.equal(count(stdout), 4);
      });

      it("is none, is a folder, or may not be run", async () => {
        const cases = [
          { command: "no-such-command", ends: 1 },
          { command: folder, ends: 1 },
          { command: join(root, object), ends: 1 },
          // No name at all is a wrong use, whatever the system has.
          { command: "", ends: 2 },
        ];
        for (const { command, ends } of cases) {
          const { code, stdout, stderr } = await ebpf(["run", object, "--engine", engine, "--", command]);
          assert.equal(code, ends, stderr);
          assert.equal(stdout, "");
          assert.match(stderr, sentence);
        }
      });

      it("has a name that a terminal would obey", async () => {
        const path = join(folder, "\x1b[31mr\u202e\u009b");
        copyFileSync("/bin/sh", path);
        chmodSync(path, 0o755);
        const script = ["--", path, "-c", "kill -0 $$"];
        const plain = await ebpf(["run", object, "--engine", engine, ...sends(1), ...script]);
        assert.match(plain.stdout, /\\x1b\[31mr\\u\{202e\}\\x9b/);
        assert.doesNotMatch(plain.stdout + plain.stderr, control);
        const json = await ebpf(["run", object, "--engine", engine, "--json", ...sends(1), ...script]);
        assert.doesNotMatch(json.stdout, control);
        assert.equal(JSON.parse(json.stdout).event.comm, "\x1b[31mr\u202e\u009b");
      });

      // On the kernel they are ordinary processes.
      if (engine === "embedded")
        it("outlives nobody: its descendants", async () => {
          const { stdout, code } = await ebpf([
            "run",
            object,
            "--engine",
            engine,
            "-n",
            "1",
            ...sends(1),
            "--json",
            "--",
            "sh",
            "-c",
            "(trap '' TERM; kill -0 $$; exec sleep 60) & wait",
          ]);
          assert.equal(code, 0);
          assert.equal(isAlive(JSON.parse(stdout).pid), false);
        });
    },
  );
}

describe("output that nobody reads", { timeout: 60_000 }, () => {
  const cli = `"$0" packages/cli/bin/ebpf.js`;
  // More events than a pipe holds (64 KiB), so that there is something left to write when the reader has gone.
  const burst = `for i in {1..4000}; do messages+=(--send 'user_ringbuf={"i":1,"comm":"hello"}'); done`;
  const after2 = "; echo ${PIPESTATUS[0]} >&2";

  for (const [title, command] of [
    [
      "run",
      `${burst}; ${cli} run ${object} --engine embedded --json "\${messages[@]}" -- sh -c 'while :; do kill -0 $$; sleep 0.05; done'`,
    ],
    ["inspect --json", `${cli} inspect ${object} --json`],
    ["inspect --disasm", `${cli} inspect ${object} --disasm`],
  ] as const) {
    it(`${title} | head -1 ends cleanly`, async () => {
      const { stdout, stderr } = await runFile("bash", ["-c", `${command} | head -1${after2}`, process.execPath]);
      assert.equal(stdout.split("\n").length, 2);
      assert.match(stderr, /^0\n$/m);
      assert.doesNotMatch(stderr, stackTrace);
    });
  }

  it("closed from the start", async () => {
    for (const closed of [">&-", "2>&-", ">&- 2>&- <&-"]) {
      const { code, stderr } = await runFile("sh", ["-c", `${cli} inspect ${object} ${closed}`, process.execPath]);
      assert.equal(code, 0, stderr);
      assert.equal(stderr, "");
    }
  });
});

describe("names in an object", () => {
  /** As long as what they replace. */
  const evil = Buffer.from("\x1b[2Jl_\u009bngbf");

  function evilObject(): string {
    const bytes = Buffer.from(good);
    const name = Buffer.from("kernel_ringbuf").subarray(0, evil.length);
    for (let at = bytes.indexOf(name); at >= 0; at = bytes.indexOf(name, at)) evil.copy(bytes, at);
    return file("evil.o", bytes);
  }

  for (const args of [["inspect"], ["inspect", "--disasm"], ["inspect", "--json"], ["run", "--engine", "embedded"]]) {
    it(`${args.join(" ")}: nothing that a terminal would obey`, async () => {
      const { stdout, stderr } = await ebpf([
        ...args,
        evilObject(),
        ...(args[0] === "run" ? ["--send", "nothing={}", "--", "true"] : []),
      ]);
      assert.doesNotMatch(stdout + stderr, control);
      assert.match(stdout + stderr, /\\x1b|\\u001b/);
      if (args.includes("--json")) assert.ok(JSON.stringify(JSON.parse(stdout)).includes("\\u001b[2Jl_"));
    });
  }
});
