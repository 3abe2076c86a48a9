/** Keys and values: BpfMap, Variable, live memory, maps that somebody else made. */
import {
  type ArrayMemory,
  type BloomFilter,
  BpfMap,
  type Collection,
  type Engine,
  type EngineCollection,
  type Live,
  type LiveValues,
  type MapNoun,
  openPinned,
  type PerfEventArray,
  type Queue,
  RingBuf,
  type ScalarView,
  type StructOps,
  type UserRingBuf,
  type Variable,
} from "ebpf-ts";
import type { Hold, Same } from "./same.ts";

interface Flow {
  packets: bigint;
  bytes: number;
  name: string;
  from: { address: Uint8Array; port: number };
  buckets: number[];
}

declare const bpf: Collection;
declare const flows: BpfMap<number, Flow>;
declare const total: Variable<bigint>;
declare const last: Variable<Flow>;

export type Maps = Hold<
  [
    Same<ReturnType<BpfMap<number, Flow>["get"]>, Flow | undefined>,
    Same<ReturnType<BpfMap<number, Flow>["getPerCpu"]>, Flow[] | undefined>,
    Same<ReturnType<BpfMap<number, Flow>["keys"]>, Generator<number>>,
    Same<ReturnType<BpfMap<number, Flow>["entries"]>, Generator<[number, Flow]>>,
    Same<ReturnType<BpfMap<number, Flow>["memory"]>, ArrayMemory<Flow>>,
    Same<ReturnType<Variable<bigint>["get"]>, bigint>,
    Same<Collection["maps"], ReadonlyMap<string, MapNoun>>,
    Same<MapNoun, BloomFilter | BpfMap | PerfEventArray | Queue | RingBuf | StructOps | UserRingBuf>,
    Same<Awaited<ReturnType<typeof openPinned>>, MapNoun>,
    Same<Awaited<ReturnType<Engine["load"]>>, EngineCollection>,
    Same<Live<bigint>, bigint>,
    Same<Live<Flow>["packets"], bigint>,
    Same<Live<Flow>["from"]["port"], number>,
    Same<Live<Flow>["from"]["address"], Uint8Array>,
    Same<Live<Flow>["buckets"], ArrayMemory<number>>,
    Same<Live<Flow>["name"], string>,
    Same<Live<string[]>, ArrayMemory<string | Uint8Array>>,
    Same<Live<boolean[]>, ArrayMemory<boolean | Uint8Array>>,
    Same<Live<("IDLE" | "BUSY" | number)[]>, ArrayMemory<"IDLE" | "BUSY" | number>>,
    Same<LiveValues<bigint>, BigInt64Array | BigUint64Array>,
    Same<LiveValues<Flow>, never>,
    Same<ReturnType<ArrayMemory<bigint>["add"]>, bigint>,
  ]
>;

export function maps(): void {
  flows.set(
    1,
    { packets: 1n, bytes: 1, name: "a", from: { address: new Uint8Array(4), port: 1 }, buckets: [] },
    "create",
  );
  // @ts-expect-error -- a key is a number here
  flows.get("1");
  // @ts-expect-error -- the mode is one of three
  flows.set(1, flows.get(1)!, "insert");
  flows.memory().at(0).packets = 2n;
  flows.memory().at(0).buckets.add(0, 1) satisfies number;
  flows.memory().field<bigint>("packets") satisfies ScalarView<bigint>;
  // @ts-expect-error -- a number is 64 bits there
  flows.memory().at(0).packets = 2;
  bpf.map("flows") satisfies BpfMap<unknown, unknown>;
  bpf.map<string, bigint>("names").get("a") satisfies bigint | undefined;
  total.add(1) satisfies bigint;
  total.set(1n);
  // @ts-expect-error -- a bigint
  total.set("1");
  last.view.from.port = 80;
  bpf.variable<number>("count").get() satisfies number;
  for (const value of total.field<bigint>()) value satisfies bigint;
}

export async function others(): Promise<void> {
  const map = await openPinned("/sys/fs/bpf/map", { key: "int", perf: { pages: 8 } });
  if (map instanceof RingBuf) map.events();
  if (map instanceof BpfMap) map.get(1);
  // @ts-expect-error -- what it is must be found out first
  map.get(1);
  // @ts-expect-error -- no such option
  await openPinned("/sys/fs/bpf/map", { keys: "int" });
}
