/** What an ordinary user does with CAP_BPF and CAP_PERFMON, and what he is told where the kernel wants more. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { asUser, userOrSkip } from "../support/as-user.ts";
import { mountBpffs, mountTracefs, type Mounted } from "../support/bpf-file-systems.ts";
import { isLinuxAtLeast } from "../support/requirements.ts";

const child = fileURLToPath(new URL("./capable-child.js", import.meta.url));
/** Debian's kernels and Ubuntu's leave perf events to CAP_SYS_ADMIN unless they are told otherwise, and so all that attaches by one. */
const paranoid = Number(readFileSync("/proc/sys/kernel/perf_event_paranoid", "utf8")) > 2;
const refusedByParanoia =
  /^NO_PRIVILEGE .*: kernel\.perf_event_paranoid is \d, by which this kernel leaves perf events to CAP_SYS_ADMIN/;

describe("capabilities of an ordinary user", { skip: userOrSkip(), timeout: 1_200_000 }, () => {
  let bpffs: Mounted;
  let tracefs: Mounted;
  before(() => {
    bpffs = mountBpffs("mode=0777");
    tracefs = mountTracefs();
  });
  after(() => {
    bpffs.unmount();
    tracefs.unmount();
  });

  async function outcomes(capabilities: readonly string[], ...deeds: readonly string[]): Promise<Map<string, string>> {
    const command = asUser(capabilities, process.execPath, child, bpffs.path, ...deeds);
    const { stdout } = await promisify(execFile)(...command, { timeout: 280_000 });
    const lines = stdout.trimEnd().split("\n");
    return new Map(lines.map((line) => [line.slice(0, line.indexOf(": ")), line.slice(line.indexOf(": ") + 2)]));
  }

  it("CAP_BPF and CAP_PERFMON trace all that needs no file of root's", async () => {
    const found = await outcomes(["bpf", "perfmon"]);
    const all = {
      tracing: "ok may be loaded",
      automatic: "ok kernel",
      "automatic tracing": "ok kernel",
      array: "ok 2",
      "user ring": "ok 1",
      "the kernel's types": "ok",
      "raw tracepoint": "ok 1",
      "typed tracepoint": "ok 1",
      iterator: "ok this process",
      pins: "ok raw true",
    };
    for (const [name, outcome] of Object.entries(all)) assert.match(found.get(name)!, new RegExp(`^${outcome}`), name);
    if (isLinuxAtLeast("6.6")) assert.equal(found.get("many uprobes"), "ok 1");
    assert.match(found.get("perf event")!, paranoid ? refusedByParanoia : /^ok samples/);
    // Some kernels leave it to CAP_SYS_ADMIN: then that is said.
    assert.match(
      found.get("uprobe")!,
      paranoid
        ? refusedByParanoia
        : /^ok |^NO_PRIVILEGE .*lets CAP_SYS_ADMIN alone probe \S+ by a perf event, and CAP_PERFMON by a link of many: write SEC\("uprobe\.multi"\)/,
    );
    assert.match(found.get("tracepoint")!, /^NO_PRIVILEGE .*CAP_DAC_READ_SEARCH.*SEC\("tp_btf\/…"\) take no tracefs/);
    assert.match(found.get("XDP")!, /^NO_PRIVILEGE .*takes CAP_BPF and CAP_NET_ADMIN, and CAP_NET_ADMIN is missing/);
    assert.match(found.get("XDP may be loaded")!, /^ok .*CAP_NET_ADMIN is missing/);
    assert.match(found.get("list")!, /^NO_PRIVILEGE Cannot list programs: it takes root, or CAP_SYS_ADMIN/);
  });

  it("further ones do what they are for: files of tracefs, and networks", async () => {
    const found = await outcomes(
      ["bpf", "perfmon", "net_admin", "dac_read_search"],
      "tracepoint",
      "XDP",
      "XDP may be loaded",
    );
    assert.match(found.get("tracepoint")!, paranoid ? refusedByParanoia : /^ok 1$/);
    assert.equal(found.get("XDP"), "ok 1");
    assert.equal(found.get("XDP may be loaded"), "ok yes");
  });

  it("CAP_BPF alone loads what is not for tracing, also where the engine is not told", async () => {
    const found = await outcomes(
      ["bpf"],
      "tracing",
      "automatic",
      "automatic tracing",
      "array",
      "user ring",
      "raw tracepoint",
    );
    assert.equal(found.get("automatic"), "ok kernel");
    assert.equal(found.get("automatic tracing"), "ok embedded");
    assert.equal(found.get("array"), "ok 2");
    assert.match(found.get("tracing")!, /takes CAP_BPF and CAP_PERFMON, and CAP_PERFMON is missing/);
    assert.match(found.get("raw tracepoint")!, /^NO_PRIVILEGE .*CAP_PERFMON is missing/);
    assert.match(found.get("user ring")!, /^VERIFIER .*it is stricter as CAP_PERFMON is missing/);
  });

  it("none load nothing, and the engine is the other one", async () => {
    const found = await outcomes([], "automatic", "array", "raw tracepoint");
    assert.equal(found.get("automatic"), "ok embedded");
    assert.match(found.get("array")!, /^NO_PRIVILEGE .*needs root or CAP_BPF, or use engine: "embedded"/);
    assert.match(found.get("raw tracepoint")!, /needs root or CAP_BPF and CAP_PERFMON, or use engine: "embedded"/);
  });
});
