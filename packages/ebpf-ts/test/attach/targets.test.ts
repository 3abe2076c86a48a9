import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { attachKinds } from "../../src/attach/attach-kinds.gen.ts";
import type { AttachTarget, AttachTargetOf } from "../../src/attach/attach-targets.gen.ts";
import { attachesItself } from "../../src/attach/attaches-itself.ts";
import type { AttachOrder } from "../../src/attach/order.ts";
import type { QueriedTarget } from "../../src/attach/queried-target.ts";
import { type PerfEventName, perfEvents } from "../../src/attach/perf-events.ts";
import { queriedPlace, targetOf, writeTarget, type ProgramToAttach } from "../../src/attach/target-of.ts";
import { findProgramKind } from "../../src/kinds/find-program-kind.ts";
import { programKinds } from "../../src/kinds/program-kinds.ts";
import { parseSectionName } from "../../src/spec/section-name.ts";

const word = fc.stringMatching(/^[a-z_][\w-]{0,20}$/);
const positive = fc.integer({ min: 1, max: 2 ** 31 - 1 });
/** Of clocks, nanoseconds. */
const moment = fc.integer({ min: 50_000, max: 2 ** 31 - 1 });
const eventNames = Object.keys(perfEvents) as PerfEventName[];
const cName = fc.stringMatching(/^[a-z_][\w.]{0,20}$/);
const path = fc.array(word, { minLength: 1, maxLength: 4 }).map((parts) => `/${parts.join("/")}`);
const offset = fc.nat();
/** Whatever a section is named: no name has a NUL. */
const anyRest = fc.string().filter((text) => !text.includes("\0"));

function record<T>(model: { [Key in keyof T]: fc.Arbitrary<T[Key]> }): fc.Arbitrary<T> {
  return fc.record(model, { noNullPrototype: true }) as fc.Arbitrary<T>;
}

const netInterface = fc.oneof(fc.stringMatching(/^[a-z][a-z0-9]{0,14}$/), fc.integer({ min: 1, max: 2 ** 31 - 1 }));

const direction = fc.constantFrom("ingress", "egress");
const other = fc.oneof(
  fc.constant("all" as const),
  fc.integer({ min: 1, max: 1e6 }).map((link) => ({ link })),
);

/** Some of each kind, as one tells them; of those that sections can name, what these can say. */
const targets: { readonly [Kind in AttachTarget["kind"]]: fc.Arbitrary<AttachTargetOf<Kind>> } = {
  xdp: record({ kind: fc.constant("xdp"), interface: netInterface, mode: fc.constantFrom("native", "generic") }),
  tc: fc.oneof(
    record({ kind: fc.constant("tc"), interface: netInterface, direction }),
    record({ kind: fc.constant("tc"), interface: netInterface, before: other }),
    record({ kind: fc.constant("tc"), interface: netInterface, priority: fc.integer({ min: 1, max: 0xffff }) }),
  ),
  netkit: record({ kind: fc.constant("netkit"), interface: netInterface, side: fc.constantFrom("primary", "peer") }),
  netfilter: record({
    kind: fc.constant("netfilter"),
    family: fc.constantFrom("ipv4", "ipv6"),
    hook: fc.constantFrom("prerouting", "input", "output"),
    priority: fc.integer({ min: -1000, max: 1000 }),
  }),
  sockmap: record({ kind: fc.constant("sockmap"), map: fc.oneof(word, fc.integer({ min: 1, max: 1e6 })) }),
  socket: record({ kind: fc.constant("socket"), fd: fc.nat() }),
  reuseport: record({ kind: fc.constant("reuseport"), fd: fc.nat() }),
  netns: record({ kind: fc.constant("netns"), path }),
  cgroup: record({ kind: fc.constant("cgroup"), path, direction }),
  uprobe_multi: record({ kind: fc.constant("uprobe_multi"), path, pattern: word }),
  usdt: record({ kind: fc.constant("usdt"), path, provider: word, name: word }),
  iter: record({
    kind: fc.constant("iter"),
    name: word.filter((name) => !/^(?:bpf_map_elem|bpf_sk_storage_map|sockmap|cgroup)$/.test(name)),
  }),
  tracepoint: record({ kind: fc.constant("tracepoint"), category: word, name: word }),
  raw_tracepoint: record({ kind: fc.constant("raw_tracepoint"), name: word }),
  tp_btf: record({ kind: fc.constant("tp_btf"), name: word }),
  fentry: record({ kind: fc.constant("fentry"), name: word }),
  lsm: record({ kind: fc.constant("lsm"), name: word }),
  freplace: record({ kind: fc.constant("freplace"), name: word }),
  ksyscall: record({ kind: fc.constant("ksyscall"), name: word }),
  kprobe_multi: record({ kind: fc.constant("kprobe_multi"), pattern: fc.stringMatching(/^[a-z_*?][\w.*?]{0,20}$/) }),
  fentry_multi: record({
    kind: fc.constant("fentry_multi"),
    pattern: fc.stringMatching(/^(?:[a-z][\w-]{0,5}:)?[a-z_*?][\w.*?]{0,20}$/),
  }),
  perf_event: fc.oneof(
    record({ kind: fc.constant("perf_event"), event: fc.constantFrom(...eventNames), frequency: positive }),
    record({ kind: fc.constant("perf_event"), event: fc.constantFrom(...eventNames), period: moment, cpu: fc.nat() }),
  ),
  kprobe: fc.oneof(
    record({ kind: fc.constant("kprobe"), symbol: cName }),
    record({ kind: fc.constant("kprobe"), symbol: cName, offset }),
  ),
  uprobe: fc.oneof(
    record({ kind: fc.constant("uprobe"), path, symbol: word }),
    record({ kind: fc.constant("uprobe"), path, offset }),
    record({ kind: fc.constant("uprobe"), path, symbol: word, offset }),
  ),
};

function programOf(section: string): ProgramToAttach {
  return { name: "program", ...parseSectionName(section) };
}

for (const kind of Object.keys(targets) as AttachTarget["kind"][]) {
  const rows = programKinds.filter(({ place }) => place === kind);
  const sections = rows.map(({ name }) => name);

  test(`${kind}: a section without a place waits to be told`, () => {
    for (const name of sections) {
      const program = programOf(name);
      assert.equal(attachesItself(program), false);
      assert.throws(() => targetOf(program, undefined), { code: "NOT_FOUND", message: new RegExp(`kind: "${kind}"`) });
    }
  });

  test(`${kind}: a section's rest is a target or nothing, and never anything else`, () => {
    fc.assert(
      fc.property(anyRest, (rest) => {
        const target = attachKinds[kind].parse(rest);
        if (target !== undefined) assert.deepEqual(targetOf(programOf(`${sections[0]}/${rest}`), target), target);
      }),
    );
  });

  if (rows.every(({ attaches }) => attaches === "when told")) {
    test(`${kind}: what is told is taken as it is`, () => {
      fc.assert(
        fc.property(targets[kind] as fc.Arbitrary<AttachTarget>, fc.constantFrom(...sections), (target, name) => {
          const told = targetOf(programOf(name), target);
          assert.deepEqual(told, target);
          assert.notEqual(told, target);
        }),
      );
    });
    continue;
  }

  test(`${kind}: what is written into a section's name is read out of it, and may be told as well`, () => {
    fc.assert(
      fc.property(targets[kind] as fc.Arbitrary<AttachTarget>, fc.constantFrom(...sections), (target, name) => {
        const program = programOf(`${name}/${writeTarget(target)}`);
        assert.deepEqual(targetOf(program, undefined), target);
        assert.deepEqual(targetOf(program, target), target);
        assert.equal(attachesItself(program), true);
      }),
    );
  });
}

test("kinds that attach to nothing, and those that other tools attach, are named", () => {
  const refused = (section: string, feature: string, message: RegExp): void =>
    assert.throws(() => targetOf(programOf(section), undefined), { code: "NOT_SUPPORTED", feature, message });
  refused("syscall", "attach syscall", /attaches to nothing, call run\(\)/);
  refused("xdp/devmap", "attach xdp/devmap", /run from an entry of a devmap/);
  refused("lirc_mode2", "attach lirc_mode2", /ir-keytable\(1\) attaches it to an infrared receiver/);
  const edited = { ...programOf("xdp"), kind: "teapot" };
  assert.throws(() => targetOf(edited, undefined), { feature: "attach teapot" });
});

test("a program goes only where its type can, and one that the verifier bound to a place only there", () => {
  const kill: AttachTarget = { kind: "tracepoint", category: "syscalls", name: "sys_enter_kill" };
  assert.deepEqual(targetOf(programOf("tp"), kill), kill);
  assert.throws(() => targetOf(programOf("xdp"), kill), {
    name: "TypeError",
    message: 'Cannot attach program program to a tracepoint: it is a xdp program, write SEC("tracepoint")',
  });
  assert.throws(() => targetOf(programOf("fentry/f"), { kind: "tp_btf", name: "f" }), TypeError);
  assert.throws(() => targetOf(programOf("tp_btf/sys_enter"), { kind: "tp_btf", name: "sys_exit" }), {
    name: "TypeError",
    message: /it was loaded for sys_enter/,
  });
  // A kprobe program has the type of uprobes.
  const place: AttachTarget = { kind: "uprobe", path: "/bin/sh", symbol: "main" };
  assert.deepEqual(targetOf(programOf("kprobe"), place), place);
});

const program = { info: { id: 5, tag: "" } };
const link = { info: { id: 7, programId: 5 } };
const map = { info: { id: 9, keySize: 4 } };
const withoutId = { info: { id: 0, programId: 5 } };

test("an order is by ids, also where links and programs are given", () => {
  const tc = { kind: "tc", interface: "lo" } as const;
  const told = (order: AttachOrder): AttachTarget => targetOf(programOf("tc"), { ...tc, ...order });
  assert.deepEqual(told({ before: link }), { ...tc, before: { link: 7 } });
  assert.deepEqual(told({ after: { link } }), { ...tc, after: { link: 7 } });
  assert.deepEqual(told({ after: { link: 7 } }), { ...tc, after: { link: 7 } });
  assert.deepEqual(told({ before: { program } }), { ...tc, before: { program: 5 } });
  assert.deepEqual(told({ before: "all" }), { ...tc, before: "all" });
});

test("what is told is checked: kind, keys, and what they hold", () => {
  const kill = { kind: "tracepoint", category: "syscalls", name: "sys_enter_kill" };
  const probe = { kind: "uprobe", path: "/bin/sh", symbol: "main" };
  const cases: [section: string, told: unknown, error: { name: string; message?: RegExp }][] = [
    ["tp", null, { name: "TypeError", message: /takes an object/ }],
    ["tp", "sched/sched_switch", { name: "TypeError", message: /takes an object/ }],
    ["tp", {}, { name: "TypeError", message: /Unknown kind undefined .*tracepoint/ }],
    ["tp", { ...kill, kind: "tracepiont" }, { name: "TypeError", message: /did you mean tracepoint\?/ }],
    ["tp", { ...kill, kind: "toString" }, { name: "TypeError", message: /the kinds are/ }],
    [
      "tp",
      { ...kill, categry: "x" },
      { name: "TypeError", message: /Unknown option categry .*did you mean category\?/ },
    ],
    ["tp", { ...kill, name: undefined }, { name: "TypeError", message: /The option name of attach\(\) .* is missing/ }],
    ["tp", { ...kill, name: "" }, { name: "TypeError" }],
    ["tp", { ...kill, category: ".." }, { name: "TypeError", message: /tracefs/ }],
    ["raw_tp", { kind: "raw_tracepoint", name: "a\0b" }, { name: "TypeError" }],
    ["raw_tp", { kind: "raw_tracepoint", name: 5 }, { name: "TypeError" }],
    ["uprobe", { kind: "uprobe", path: "/bin/sh" }, { name: "TypeError", message: /needs a symbol, or an offset/ }],
    ["uprobe", { ...probe, path: "" }, { name: "TypeError" }],
    ["uprobe", { ...probe, cpu: 1 }, { name: "TypeError", message: /Unknown option cpu/ }],
    ["uprobe", { ...probe, offset: -1 }, { name: "RangeError" }],
    ["uprobe", { ...probe, offset: 1.5 }, { name: "RangeError" }],
    ["uprobe", { ...probe, pid: -1 }, { name: "RangeError" }],
    ["uprobe", { ...probe, pid: "1" }, { name: "TypeError" }],
    ["uprobe", { ...probe, returns: 1 }, { name: "TypeError" }],
    ["xdp", { kind: "xdp", interface: "a/b" }, { name: "TypeError", message: /the name of an interface/ }],
    ["xdp", { kind: "xdp", interface: "sixteen_letters_" }, { name: "TypeError" }],
    ["xdp", { kind: "xdp", interface: 0 }, { name: "TypeError" }],
    ["xdp", { kind: "xdp", interface: "eth0", mode: "skb" }, { name: "TypeError", message: /"native", "generic"/ }],
    [
      "tc",
      { kind: "tc", interface: "lo", before: "all", after: "all" },
      { name: "TypeError", message: /one of before/ },
    ],
    [
      "tc",
      { kind: "tc", interface: "lo", before: {} },
      { name: "TypeError", message: /"all", a link, or name one of/ },
    ],
    ["tc", { kind: "tc", interface: "lo", before: { link: 1, program: 1 } }, { name: "TypeError" }],
    ["tc", { kind: "tc", interface: "lo", before: { link: 0 } }, { name: "RangeError" }],
    ["tc", { kind: "tc", interface: "lo", revision: 0 }, { name: "RangeError" }],
    ["tc", { kind: "tc", interface: "lo", revision: "1" }, { name: "TypeError" }],
    ["tc", { kind: "tc", interface: "lo", revision: 1, handle: 1 }, { name: "TypeError", message: /not both/ }],
    ["tc", { kind: "tc", interface: "lo", before: 7 }, { name: "TypeError", message: /must be an object, not 7/ }],
    [
      "tc",
      { kind: "tc", interface: "lo", before: { link: "7" } },
      { name: "TypeError", message: /or its info\.id, not/ },
    ],
    [
      "tc",
      { kind: "tc", interface: "lo", before: program },
      { name: "TypeError", message: /no link: say \{ program \}/ },
    ],
    ["tc", { kind: "tc", interface: "lo", before: { link: program } }, { name: "TypeError", message: /is no link/ }],
    [
      "tc",
      { kind: "tc", interface: "lo", before: { program: map } },
      { name: "TypeError", message: /is no program: give one, or its info\.id$/ },
    ],
    ["tc", { kind: "tc", interface: "lo", before: map }, { name: "TypeError", message: /is no link/ }],
    ["tc", { kind: "tc", interface: "lo", before: { link: map } }, { name: "TypeError", message: /is no link/ }],
    ["tc", { kind: "tc", interface: "lo", after: { program: link } }, { name: "TypeError", message: /say \{ link \}/ }],
    [
      "tc",
      { kind: "tc", interface: "lo", after: withoutId },
      { name: "TypeError", message: /has no id in the kernel/ },
    ],
    ["cgroup/dev", { kind: "cgroup", path: "/", after: { program } }, { name: "TypeError", message: /program's link/ }],
    ["tc", { kind: "tc", interface: "lo", before: "all", priority: 1 }, { name: "TypeError", message: /not both/ }],
    ["tc", { kind: "tc", interface: "lo", priority: 1, through: "tcx" }, { name: "TypeError", message: /clsact only/ }],
    [
      "tc",
      { kind: "tc", interface: "lo", after: "all", through: "clsact" },
      { name: "TypeError", message: /tcx only/ },
    ],
    ["tc", { kind: "tc", interface: "lo", priority: 0x1_0000 }, { name: "RangeError" }],
    ["netkit/peer", { kind: "netkit", interface: "lo", side: "other" }, { name: "TypeError" }],
    [
      "netfilter",
      { kind: "netfilter", family: "ipv4", hook: "input" },
      { name: "TypeError", message: /priority .*missing/ },
    ],
    ["netfilter", { kind: "netfilter", family: "arp", hook: "input", priority: 0 }, { name: "TypeError" }],
    ["netfilter", { kind: "netfilter", family: "ipv4", hook: "input", priority: 2 ** 31 }, { name: "RangeError" }],
    [
      "netfilter",
      { kind: "netfilter", family: "ipv4", hook: "input", priority: -400, defrag: true },
      { name: "RangeError", message: /above -400/ },
    ],
    ["sk_msg", { kind: "sockmap", map: "" }, { name: "TypeError", message: /the name of a map, or its id/ }],
    ["sk_msg", { kind: "sockmap", map: 0 }, { name: "RangeError" }],
    ["sk_skb", { kind: "sockmap", map: "m", hook: "parser" }, { name: "TypeError" }],
    ["socket", { kind: "socket", fd: -1 }, { name: "RangeError" }],
    ["tp", { kind: "xdp", interface: "lo" }, { name: "TypeError", message: /write SEC\("xdp"\)/ }],
    ["cgroup/dev", { kind: "cgroup" }, { name: "TypeError", message: /path .*missing/ }],
    ["cgroup/dev", { kind: "xdp", interface: "lo" }, { name: "TypeError", message: /it is a cgroup\/dev program/ }],
    ["xdp/devmap", { kind: "xdp", interface: "eth0" }, { name: "NotSupportedError", message: /entry of a devmap/ }],
  ];
  for (const [section, told, error] of cases) {
    assert.throws(() => targetOf(programOf(section), told as AttachTarget), error, JSON.stringify(told));
  }
});

test("what query() is told is checked too, in its own name", () => {
  const tc = { kind: "tc", interface: "lo" } as const;
  assert.deepEqual(queriedPlace(programOf("tc"), { ...tc, direction: "egress" }), { ...tc, direction: "egress" });
  const unknown = (option: string): RegExp => new RegExp(`^Unknown option ${option} of query\\(\\) of the traffic`);
  const cases: [section: string, told: unknown, name: string, message: RegExp][] = [
    ["tc", null, "TypeError", /^query\(\) takes an object that says where, not null$/],
    ["tc", undefined, "TypeError", /^query\(\) takes an object that says where, not undefined$/],
    ["tc", {}, "TypeError", /^Unknown kind undefined of query\(\): the kinds are cgroup, netkit, tc$/],
    ["tc", { kind: "netkti" }, "TypeError", /^Unknown kind "netkti" of query\(\): did you mean netkit\?$/],
    ["tc", { kind: "tc" }, "TypeError", /^The option interface of query\(\) of the traffic control .* is missing$/],
    ["tc", { ...tc, interfcae: "lo" }, "TypeError", unknown("interfcae")],
    ["tc", { ...tc, before: "all" }, "TypeError", unknown("before")],
    ["tc", { ...tc, after: "all" }, "TypeError", unknown("after")],
    ["tc", { ...tc, revision: 99 }, "TypeError", unknown("revision")],
    ["tc", { ...tc, priority: 1 }, "TypeError", unknown("priority")],
    ["tc", { ...tc, handle: 1 }, "TypeError", unknown("handle")],
    [
      "xdp",
      tc,
      "TypeError",
      /^Cannot look at what is attached to the traffic .*: it is a xdp program, write SEC\("tc"\)$/,
    ],
    ["tc", { kind: "xdp", interface: "lo" }, "NotSupportedError", /query\(\) takes the kinds cgroup, netkit, tc/],
    ["xdp", { kind: "xdp", interface: "lo" }, "NotSupportedError", /query\(\) takes the kinds cgroup, netkit, tc/],
  ];
  for (const [section, told, name, message] of cases)
    assert.throws(
      () => queriedPlace(programOf(section), told as QueriedTarget),
      { name, message },
      JSON.stringify(told),
    );
  // @ts-expect-error: what says how, and not where
  assert.throws(() => queriedPlace(programOf("tc"), { ...tc, before: "all" }), TypeError);
});

test("a target narrows by its kind", () => {
  const shown = (target: AttachTarget): string => {
    if (target.kind === "tracepoint") return `${target.category}:${target.name}`;
    if (target.kind === "uprobe") return target.symbol ?? String(target.offset);
    return target.kind;
  };
  const target = targetOf(programOf("uprobe//bin/sh:main+0x10"), undefined);
  assert.equal(shown(target), "main");
  assert.deepEqual(target, { kind: "uprobe", path: "/bin/sh", symbol: "main", offset: 16 });
  assert.equal(findProgramKind("uprobe")!.place, target.kind);
});
