import assert from "node:assert/strict";
import { test } from "node:test";
import { EbpfError } from "../../src/base/errors.ts";
import { parseSectionName } from "../../src/spec/index.ts";
import { programKinds } from "../../src/kinds/program-kinds.ts";
import { AttachType, ProgType } from "../../src/uapi/uapi.gen.ts";

test("names that take a target", () => {
  assert.deepEqual(parseSectionName("tracepoint/syscalls/sys_enter_kill"), {
    type: ProgType.TRACEPOINT,
    attachType: undefined,
    attachTo: "syscalls/sys_enter_kill",
    kind: "tracepoint",
    sleepable: false,
    autoload: true,
  });
  assert.equal(parseSectionName("uprobe//bin/bash:readline").attachTo, "/bin/bash:readline");
  assert.equal(parseSectionName("kprobe.multi/tcp_*").kind, "kprobe.multi");
  assert.equal(parseSectionName("kprobe").attachTo, "");
  assert.deepEqual([parseSectionName("lsm.s/bpf").kind, parseSectionName("lsm.s/bpf").sleepable], ["lsm.s", true]);
});

test("names that stand alone", () => {
  assert.deepEqual([parseSectionName("syscall").sleepable, parseSectionName("syscall").type], [true, ProgType.SYSCALL]);
  assert.deepEqual(
    [parseSectionName("tc/ingress").attachType, parseSectionName("tc").attachType],
    [AttachType.TCX_INGRESS, undefined],
  );
  assert.equal(parseSectionName("tc/ingress").attachTo, "");
  // 0 is a real attach type.
  assert.equal(parseSectionName("cgroup_skb/ingress").attachType, 0);
  assert.equal(parseSectionName("cgroup/bind4").type, ProgType.CGROUP_SOCK_ADDR);
  assert.equal(parseSectionName("xdp.frags/cpumap").kind, "xdp.frags/cpumap");
});

test("a question mark means that the program is not loaded by itself", () => {
  assert.deepEqual(
    [parseSectionName("?xdp").autoload, parseSectionName("?xdp").kind, parseSectionName("xdp").autoload],
    [false, "xdp", true],
  );
});

test("every definition is found by its own name", () => {
  for (const definition of programKinds) {
    assert.equal(parseSectionName(definition.name).kind, definition.name);
    if (definition.rest !== undefined)
      assert.deepEqual(
        [parseSectionName(`${definition.name}/a/b`).kind, parseSectionName(`${definition.name}/a/b`).attachTo],
        [definition.name, "a/b"],
      );
  }
  assert.equal(new Set(programKinds.map(({ name }) => name)).size, programKinds.length);
});

test("unknown names are refused with what is known", () => {
  const refusals: [string, RegExp][] = [
    ["kprobes/x", /Section kprobes\/x .*known: socket, /],
    ["", /of no known kind/],
    ["xdp/mine", /Section xdp\/mine .*known: xdp\.frags\/devmap, xdp\/devmap, .*xdp\)$/],
    ["tracepointless", /of no known kind/],
    ["?cgroup/bind5", /Section \?cgroup\/bind5 .*cgroup\/bind4, cgroup\/bind6/],
  ];
  for (const [name, message] of refusals) {
    assert.throws(
      () => parseSectionName(name),
      (error) => error instanceof EbpfError && error.code === "BAD_OBJECT" && message.test(error.message),
      name,
    );
  }
});
