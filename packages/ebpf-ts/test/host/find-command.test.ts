import { deepEqual, equal, throws } from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { findCommand, wordsOf } from "../../src/host/command/find-command.ts";

const folder = mkdtempSync(join(tmpdir(), "ebpf-find-"));
after(() => rmSync(folder, { recursive: true }));
mkdirSync(join(folder, "bin"));
mkdirSync(join(folder, "other", "tool"), { recursive: true });
for (const name of ["tool", "-dash"]) {
  writeFileSync(join(folder, "bin", name), "#!/bin/sh\n");
  chmodSync(join(folder, "bin", name), 0o755);
}
writeFileSync(join(folder, "plain"), "");

describe("finding a command", () => {
  it("looks along the PATH, which may be relative", () => {
    equal(findCommand("tool", folder, `/nowhere:${folder}/other:${folder}/bin`), "tool");
    equal(findCommand("tool", folder, "bin"), "tool");
  });

  it("gives the whole path where a shell would take the name for something else", () => {
    equal(findCommand("-dash", folder, "bin"), join(folder, "bin", "-dash"));
    equal(findCommand("sh", folder, undefined), "/bin/sh");
  });

  it("takes a path as it is, from the folder of the command", () => {
    equal(findCommand("bin/tool", folder, ""), "bin/tool");
    equal(findCommand(join(folder, "bin/tool"), "/", ""), join(folder, "bin/tool"));
  });

  it("has scripts that name no interpreter read by the shell, as execvp(3) does", () => {
    writeFileSync(join(folder, "bin", "bare"), "exit 5\n", { mode: 0o755 });
    writeFileSync(join(folder, "bin", "binary"), "MZ\0", { mode: 0o755 });
    deepEqual(wordsOf("bare", ["a"], folder, "bin"), ["/bin/sh", join(folder, "bin/bare"), "a"]);
    deepEqual(wordsOf("bin/bare", [], folder, ""), ["/bin/sh", "bin/bare"]);
    deepEqual(wordsOf("bin/tool", ["b"], folder, ""), ["bin/tool", "b"]);
    deepEqual(wordsOf("bin/binary", [], folder, ""), ["bin/binary"]);
    deepEqual(wordsOf("sh", ["-c", ":"], folder, undefined), ["/bin/sh", "-c", ":"]);
  });

  it("says in one sentence why there is none", () => {
    const refuse = (file: string, cwd: string, message: string): void => {
      throws(() => findCommand(file, cwd, "bin:other"), { code: "COMMAND", message });
    };
    refuse("", folder, "Cannot start a command without a name");
    refuse(
      "nope",
      folder,
      "Cannot start nope: no such command is on the PATH; give the path of the file if it is elsewhere",
    );
    refuse("./nope", folder, "Cannot start ./nope: there is no such file");
    const line = "arguments are not part of the name, but a list beside it; a shell takes a whole line: sh -c LINE";
    refuse("./nope -x", folder, `Cannot start ./nope -x: there is no such file; ${line}`);
    refuse("./plain", folder, "Cannot start ./plain: it is not executable");
    refuse("./bin", folder, "Cannot start ./bin: it is not a file");
    refuse("tool", join(folder, "gone"), `Cannot start tool in ${join(folder, "gone")}: there is no such directory`);
    refuse("tool", join(folder, "plain"), `Cannot start tool in ${join(folder, "plain")}: there is no such directory`);
  });
});
