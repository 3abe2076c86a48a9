import assert from "node:assert/strict";
import { it } from "node:test";
import { programKinds } from "../../src/kinds/program-kinds.ts";
import { whyNotCurrentTask } from "../../src/kinds/whose-events.ts";

it("what traces tasks is the current task's; what decides, iterates or works on packets is not", () => {
  const ofTasks = programKinds.filter(({ name }) => whyNotCurrentTask(name) === undefined).map(({ place }) => place);
  assert.deepEqual([...new Set(ofTasks)].sort(), [
    "fentry",
    "fentry_multi",
    "kprobe",
    "kprobe_multi",
    "ksyscall",
    "perf_event",
    "raw_tracepoint",
    "tp_btf",
    "tracepoint",
    "uprobe",
    "uprobe_multi",
    "usdt",
  ]);
  for (const name of ["lsm", "fmod_ret", "iter", "xdp", "tc", "cgroup_skb/ingress", "struct_ops", "freplace"])
    assert.match(whyNotCurrentTask(name)!, /^it /);
  assert.match(whyNotCurrentTask("no such kind")!, /^it /);
});
