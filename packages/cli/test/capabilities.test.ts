/** What the commands about the kernel say to who has CAP_BPF and CAP_PERFMON, or nothing: listing, and opening by number, takes CAP_SYS_ADMIN. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { copyForNobody, nobody, runFile } from "./ebpf.ts";
import { compilerOrSkip as toolOrSkip, kernelOrSkip, rootOrSkip } from "./requirements.ts";

interface Row {
  readonly name: string;
  readonly outcome: string;
  readonly reason: string;
}

const skip = kernelOrSkip() || rootOrSkip("to become another user") || toolOrSkip("setpriv");

describe("ebpf prog, map, link, btf, top and feature without root", { skip }, () => {
  let copy: Awaited<ReturnType<typeof copyForNobody>>;
  before(async () => {
    copy = await copyForNobody();
  });
  after(() => copy.remove());

  /** `ebpf`, run by nobody. */
  function run(words: readonly string[], capabilities: string): ReturnType<typeof runFile> {
    const sets = ["--inh-caps", "--ambient-caps", "--bounding-set"].map((option) => `${option}=${capabilities}`);
    const who = [`--reuid=${nobody}`, `--regid=${nobody}`, "--clear-groups", ...sets];
    const command = [process.execPath, "packages/cli/bin/ebpf.js", ...words];
    return runFile("setpriv", [...who, ...command], { root: copy.root });
  }

  /** Of what fails. */
  async function said(words: readonly string[], capabilities: string): Promise<string> {
    const { code, stdout, stderr } = await run(words, capabilities);
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

  it("feature says what it cannot tell, and why, and that nothing can be loaded", async () => {
    const { code, stdout } = await run(["feature", "--json"], "-all");
    assert.equal(code, 0);
    const { usable, reason, kernel, ...groups } = JSON.parse(stdout) as {
      usable: boolean;
      reason: string;
      kernel: string;
    } & Record<string, Row[]>;
    assert.deepEqual([usable, reason], [false, "Cannot use the kernel: needs root or CAP_BPF and CAP_PERFMON"]);
    const rows = Object.values(groups).flat();
    const untold = rows.filter(({ outcome }) => outcome === "cannot tell");
    assert.ok(untold.length > 0);
    for (const row of untold) assert.match(row.reason, /^needs root or CAP_\w+( and CAP_\w+)*$/, row.name);

    const table = await run(["feature"], "-all");
    assert.equal(table.code, 0);
    assert.ok(table.stdout.startsWith(`Linux ${kernel}: ${reason}\n`));
  });
});
