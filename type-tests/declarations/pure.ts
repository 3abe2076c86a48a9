/** What needs no host: `ebpf-ts/btf`, `/insn`, `/ring`, `/spec`, and the errors. */
import { type EbpfError, type EbpfErrorCode, load, type LoadOptions, type NotSupportedError } from "ebpf-ts";
import { type Btf, type BtfType, type Decoder, type makeDecoder, makeEncoder } from "ebpf-ts/btf";
import { disassemble, type DisassembledLine, type Instruction } from "ebpf-ts/insn";
import {
  decodeRing,
  encodeRing,
  type EventConsumer,
  openConsumer,
  type RingConsumer,
  type RingRecord,
} from "ebpf-ts/ring";
import { type CollectionSpec, parse, setVariable } from "ebpf-ts/spec";
import type { Hold, Same } from "./same.ts";

declare const btf: Btf;
declare const code: readonly Instruction[];
declare const lines: readonly { readonly slot: number; readonly text: string }[];

export type Pure = Hold<
  [
    Same<ReturnType<typeof parse>, CollectionSpec>,
    Same<ReturnType<typeof makeDecoder>, Decoder>,
    Same<ReturnType<typeof decodeRing>, Generator<RingRecord, void, undefined>>,
    Same<EbpfError["code"], EbpfErrorCode>,
    NotSupportedError extends EbpfError ? true : false,
    RingConsumer extends EventConsumer ? true : false,
  ]
>;

export async function pure(): Promise<void> {
  const spec = parse(new Uint8Array());
  setVariable(spec, "count", 1);
  await load(spec, { engine: "embedded", variables: { count: 1 } } satisfies LoadOptions);
  // @ts-expect-error -- one of three, or an engine
  await load(spec, { engine: "windows" });
  // @ts-expect-error -- bytes or a spec; a number is no object
  await load(5);
  const [line] = disassemble(code, { lines });
  line satisfies DisassembledLine<{ readonly slot: number; readonly text: string }> | undefined;
  line?.source?.text satisfies string | undefined;
  // @ts-expect-error -- a C line stands at a slot
  disassemble(code, { lines: [{ text: "a" }] });
  const image = encodeRing([{ payload: new Uint8Array(8) }], { size: 4096, origin: "linux" });
  for (const record of decodeRing(image.data, image)) record.position satisfies bigint;
  makeEncoder(btf, 1).encode({ a: 1 }, new DataView(new ArrayBuffer(8)), 0);
  const type: BtfType = btf.type(1);
  if (type.kind === "struct") type.members[0]?.name satisfies string | undefined;
  // @ts-expect-error -- only composites have members
  type.members;
  openConsumer satisfies (memory: never) => RingConsumer | EventConsumer;
}
