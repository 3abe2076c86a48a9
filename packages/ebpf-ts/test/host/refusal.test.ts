import assert from "node:assert/strict";
import { describe, it } from "node:test";
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
