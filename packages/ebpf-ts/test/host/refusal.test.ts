import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { EbpfError } from "../../src/base/errors.ts";
import { tryDescriptors } from "../../src/host/descriptors.ts";
import { refusal } from "../../src/host/refusal.ts";

/** As Deno throws it from `node:fs`, `node:child_process` and for native modules: without a `code`. */
function notCapable(): Error {
  const error = new Error('Requires read access to "/a.bpf.o", run again with the --allow-read flag');
  error.name = "NotCapable";
  return error;
}

describe("what a runtime refuses", () => {
  it("for lack of a permission is NO_PRIVILEGE, and says which", () => {
    const cause = notCapable();
    const error = refusal(cause, "read /a.bpf.o", (code) => new EbpfError("SYSCALL", code));
    assert.equal(error.code, "NO_PRIVILEGE");
    assert.equal(error.cause, cause);
    const message =
      'Cannot read /a.bpf.o: Deno requires read access to "/a.bpf.o", run again with the --allow-read flag';
    assert.equal(error.message, message);
  });

  it("when descriptors are counted, is no shortage of them", () => {
    const refuse = (): never => {
      throw notCapable();
    };
    tryDescriptors({ openSync: refuse, closeSync: refuse, readFileSync: refuse, readdirSync: refuse }, 3);
  });
});

const run = promisify(execFile);
const child = fileURLToPath(new URL("permissions-child.js", import.meta.url));
/** Of Deno itself: `process.execPath` may be a script that gives it all permissions. */
const deno = (globalThis as { readonly Deno?: { execPath(): string } }).Deno?.execPath();

async function outcomes(...permissions: readonly string[]): Promise<Map<string, string>> {
  const { stdout } = await run(deno!, ["run", "--no-prompt", ...permissions, child]);
  const lines = stdout.trimEnd().split("\n");
  return new Map(
    lines.map((line) => line.split(": ", 1)[0]!).map((name, at) => [name, lines[at]!.slice(name.length + 2)]),
  );
}

// Nothing else has permissions of its own.
const onDeno = deno === undefined ? () => {} : describe;
onDeno("Deno without a permission", () => {
  it("is told which, by an error of ours, and needs none of those that nothing asks for", async () => {
    const reads = await outcomes("--allow-read");
    assert.equal(reads.get("embedded"), "done");
    assert.match(reads.get("pinned")!, /^EbpfError NO_PRIVILEGE Cannot open .*: Deno requires \w+ access to /);
    for (const name of ["kernel", "ring"])
      assert.match(
        reads.get(name)!,
        /^NotSupportedError NOT_SUPPORTED Cannot call the system: Deno requires ffi access /,
      );
    const calls = await outcomes("--allow-read", "--allow-ffi");
    assert.match(calls.get("ring")!, /^EbpfError NO_PRIVILEGE Cannot .* shared ring.*: Deno requires write access to /);
    assert.doesNotMatch(calls.get("kernel")!, /env access/);
  });
});
