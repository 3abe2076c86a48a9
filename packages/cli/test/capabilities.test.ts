/** What the commands about the kernel say to who has CAP_BPF and CAP_PERFMON: listing, and opening by number, takes CAP_SYS_ADMIN. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { copyForNobody, nobody, runFile } from "./ebpf.ts";
import { compilerOrSkip as toolOrSkip, kernelOrSkip, rootOrSkip } from "./requirements.ts";

const skip = kernelOrSkip() || rootOrSkip("to become another user") || toolOrSkip("setpriv");

describe("ebpf prog, map, link, btf and top with CAP_BPF and CAP_PERFMON alone", { skip }, () => {
  let copy: Awaited<ReturnType<typeof copyForNobody>>;
  before(async () => {
    copy = await copyForNobody();
  });
  after(() => copy.remove());

  /** Of `ebpf`, run by nobody. */
  async function said(words: readonly string[], capabilities: string): Promise<string> {
    const sets = ["--inh-caps", "--ambient-caps", "--bounding-set"].map((option) => `${option}=${capabilities}`);
    const who = [`--reuid=${nobody}`, `--regid=${nobody}`, "--clear-groups", ...sets];
    const command = [process.execPath, "packages/cli/bin/ebpf.js", ...words];
    const { code, stdout, stderr } = await runFile("setpriv", [...who, ...command], { root: copy.root });
    assert.deepEqual([code, stdout], [1, ""], words.join(" "));
    return stderr;
  }

  for (const capabilities of ["-all", "-all,+bpf,+perfmon"]) {
    it(`say in a sentence what it takes (${capabilities})`, async () => {
      const lists = { prog: "programs", map: "maps", link: "links", btf: "BTF" };
      for (const [command, many] of Object.entries(lists)) {
        for (const words of [
          [command, "list"],
          [command, "list", "--json"],
          [command, "show", "nothing"],
          [command, "show", "1"],
        ])
          assert.equal(
            await said(words, capabilities),
            `ebpf: Cannot list ${many}: it takes root, or CAP_SYS_ADMIN (EPERM)\n`,
          );
      }
      assert.match(
        await said(["link", "detach", "1"], capabilities),
        /^ebpf: Cannot .*: it takes root, or CAP_SYS_ADMIN \(EPERM\)\n$/,
      );
      assert.match(
        await said(["top", "--count", "1"], capabilities),
        /^ebpf: Cannot .*: it takes root, or CAP_SYS_ADMIN \(EPERM\)\n$/,
      );
    });
  }
});
