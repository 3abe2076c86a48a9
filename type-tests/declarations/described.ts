/** What `ebpf gen` writes: the description of an object, and what it makes of a collection. */
import {
  type AttachTargetOf,
  type ConstantOf,
  type SettingOf,
  defineObject,
  type Fields,
  type Given,
  type MapOf,
  type ObjectModule,
  type PerCpuMapOf,
  type ProgramOf,
  type RingOf,
  type TypedCollection,
  type UserRingOf,
  type VariableOf,
} from "ebpf-ts";
import { generateModule } from "ebpf-ts/codegen";
import { defineObject as defineEmbedded, type ObjectModule as EmbeddedModule } from "ebpf-ts/embedded";
import type { Hold, Same } from "./same.ts";

type Origin = "PROGRAM" | "MARK" | number;

interface Flow {
  packets: bigint;
  name: string;
  origin: Origin;
  from: { address: Uint8Array; ports: number[] };
}

interface Args {
  limit: bigint;
}

interface ProbeObject {
  readonly maps: {
    readonly flows: MapOf<number, Flow>;
    readonly hits: PerCpuMapOf<number, bigint>;
  };
  readonly rings: { readonly events: RingOf<Flow> };
  readonly userRings: { readonly commands: UserRingOf<Flow> };
  readonly variables: {
    readonly target: VariableOf<number>;
    readonly factor: ConstantOf<bigint>;
    readonly CONFIG_HZ: SettingOf<number>;
  };
  readonly programs: {
    readonly on_exec: ProgramOf<"tracepoint">;
    readonly probed: ProgramOf<"uprobe" | "tracepoint">;
    readonly drain: ProgramOf<never, Args>;
  };
}

declare const bytes: Uint8Array;
const probe: ObjectModule<ProbeObject> = defineObject({ name: "probe.bpf.o", digest: "sha256-", object: bytes });

export type Described = Hold<
  [
    Same<Awaited<ReturnType<typeof probe.load>>, TypedCollection<ProbeObject>>,
    Same<Given<bigint>, bigint | number>,
    Same<Given<string>, string | Uint8Array>,
    Same<Given<Origin>, Origin>,
    Same<Given<Uint8Array>, Uint8Array | readonly number[]>,
    Same<Given<unknown>, unknown>,
    Same<Given<never>, never>,
    Same<Given<bigint[]>, readonly (bigint | number)[]>,
    Same<Given<Args>, { readonly limit?: bigint | number | undefined }>,
    Given<Fields> extends object ? true : false,
  ]
>;

export async function described(): Promise<void> {
  await using bpf = await probe.load({
    engine: "embedded",
    variables: { target: 1, factor: 2 },
    kconfig: { CONFIG_HZ: 1000 },
    maps: { flows: { maxEntries: 5 }, events: { maxEntries: 4096 } },
  });
  bpf.maps.flows.get(1) satisfies Flow | undefined;
  bpf.maps.flows.set(1, { packets: 1, from: { ports: [1] }, origin: "MARK" });
  bpf.maps.hits.get(1) satisfies bigint[] | undefined;
  bpf.maps.hits.get(1, { sum: true }) satisfies bigint | undefined;
  bpf.variables.target.set(5);
  bpf.variables.factor.get() satisfies bigint;
  bpf.variables.CONFIG_HZ.get() satisfies number;
  // @ts-expect-error -- the kernel says it, or the option kconfig
  await probe.load({ variables: { CONFIG_HZ: 1000 } });
  // @ts-expect-error -- no setting of the kernel
  await probe.load({ kconfig: { target: 1 } });
  bpf.userRings.commands.send({ name: "a" });
  await bpf.rings.events.inject({ origin: "MARK" });
  for await (const event of bpf.rings.events.events()) event satisfies Flow;
  await bpf.programs.drain.run({ context: { limit: 5 } });
  await bpf.programs.drain.run({ context: new Uint8Array(8) });
  await bpf.programs.probed.attach({
    kind: "uprobe",
    path: "/bin/sh",
    symbol: "main",
  } satisfies AttachTargetOf<"uprobe">);
  await bpf.attach();
}

export async function wrong(): Promise<void> {
  const bpf = await probe.load();
  // @ts-expect-error -- no such map
  bpf.maps.flow;
  // @ts-expect-error -- no such ring
  bpf.rings.commands;
  // @ts-expect-error -- no such variable
  bpf.variables.targets;
  // @ts-expect-error -- no such program
  bpf.programs.on_exit;
  // @ts-expect-error -- a key is a number
  bpf.maps.flows.get("1");
  // @ts-expect-error -- no such member
  bpf.maps.flows.set(1, { packet: 1n });
  // @ts-expect-error -- no such name of the enum
  bpf.maps.flows.set(1, { origin: "PROGRAMS" });
  // @ts-expect-error -- a number
  bpf.variables.target.set("5");
  // @ts-expect-error -- only load() sets it
  bpf.variables.factor.set(5n);
  // @ts-expect-error -- a text
  bpf.userRings.commands.send({ name: 5 });
  // @ts-expect-error -- no such member
  await bpf.rings.events.inject({ names: "a" });
  // @ts-expect-error -- no such member of the context
  await bpf.programs.drain.run({ context: { limits: 5 } });
  // @ts-expect-error -- its context is no struct that the object knows
  await bpf.programs.on_exec.run({ context: { limit: 5 } });
  // @ts-expect-error -- a tracepoint
  await bpf.programs.on_exec.attach({ kind: "uprobe", path: "/bin/sh", symbol: "main" });
  // @ts-expect-error -- it attaches to nothing
  await bpf.programs.drain.attach({ kind: "tracepoint", category: "syscalls", name: "sys_enter_kill" });
  // @ts-expect-error -- no such variable
  await probe.load({ variables: { targets: 1 } });
  // @ts-expect-error -- a number
  await probe.load({ variables: { target: "1" } });
  // @ts-expect-error -- no such map
  await probe.load({ maps: { flow: {} } });
  // @ts-expect-error -- one of three, or an engine
  await probe.load({ engine: "windows" });
}

export async function others(): Promise<void> {
  const embedded: EmbeddedModule<ProbeObject> = defineEmbedded({ name: "a", digest: "", object: "" });
  (await embedded.load({ cpus: 2 })) satisfies TypedCollection<ProbeObject>;
  // @ts-expect-error -- there is one engine alone
  await embedded.load({ engine: "kernel" });
  (await generateModule(bytes, { path: "./a.bpf.o", embed: true })) satisfies string;
  // @ts-expect-error -- one of two
  await generateModule(bytes, { path: "./a.bpf.o", from: "ebpf" });
}
