import type { AttachTarget } from "../../../../attach/attach-targets.gen.ts";
import { EbpfError, NotSupportedError } from "../../../../base/errors.ts";
import { type Encoder, makeEncoder } from "../../../../btf/codec/encoder.ts";
import type { Btf } from "../../../../btf/types.ts";
import { parseUsdtArguments, type UsdtArgument } from "../../../../elf/usdt/arguments.ts";
import type { EngineMap } from "../../../map.ts";
import type { AttachRequest, Closable, ObjectMap } from "../attachment.ts";
import { registerOffset } from "./register-offset.ts";

const specsName = "__bpf_usdt_specs";
const addressesName = "__bpf_usdt_ip_to_spec_id";

/** An entry, until it is closed. */
export interface UsdtEntry extends Closable {
  readonly number: number;
}

export interface UsdtEntryOptions {
  /** As the note has them. */
  readonly args: string;
  /** EM_* */
  readonly machine: number;
  readonly cookie: bigint;
  /** Where the program is stopped, as far as that is known. */
  readonly address: number | undefined;
  /** The program finds its entry by the address alone. */
  readonly required: boolean;
}

/** Of each object one, which all its programs share. */
const tables = new WeakMap<EngineMap, UsdtTable>();

/** Where the programs of an object look up where arguments lie (`usdt.bpf.h`). */
export function usdtTable({ mapOf, action }: AttachRequest<AttachTarget>): UsdtTable {
  const [specs, addresses] = [mapOf(specsName), mapOf(addressesName)];
  if (specs === undefined || addresses === undefined) {
    throw new EbpfError(
      "BAD_OBJECT",
      `Cannot ${action}: its object has no map ${specs === undefined ? specsName : addressesName}, include bpf/usdt.bpf.h`,
    );
  }
  const known = tables.get(specs.map) ?? new UsdtTable(specs, addresses, action);
  tables.set(specs.map, known);
  return known;
}

/** Entries by number in one map, and numbers by address in another, in the layout that the object's own types say: libbpf has changed it. */
export class UsdtTable {
  readonly #specs: ObjectMap;
  readonly #addresses: ObjectMap;
  readonly #encoder: Encoder;
  readonly #hasIndex: boolean;
  readonly #taken = new Set<number>();

  constructor(specs: ObjectMap, addresses: ObjectMap, action: string) {
    const { btf, spec } = specs;
    if (btf === undefined || spec.valueType === 0)
      throw new EbpfError("BAD_OBJECT", `Cannot ${action}: map ${specsName} has no types, compile the object with -g`);
    this.#specs = specs;
    this.#addresses = addresses;
    this.#encoder = makeEncoder(btf, spec.valueType);
    this.#hasIndex = argumentMembers(btf, spec.valueType).includes("idx_reg_off");
  }

  add({ args, machine, cookie, address, required }: UsdtEntryOptions): UsdtEntry {
    const number = this.#free();
    const parsed = parseUsdtArguments(args, machine);
    this.#checkIndex(parsed);
    this.#write(
      number,
      parsed.map((each) => specOf(each, machine)),
      cookie,
    );
    this.#taken.add(number);
    const close = (): void => {
      this.#taken.delete(number);
      if (address !== undefined) this.#forget(address);
    };
    try {
      if (address !== undefined) this.#remember(address, number, required);
    } catch (error) {
      this.#taken.delete(number);
      throw error;
    }
    return { number, close };
  }

  #free(): number {
    const { maxEntries } = this.#specs.map.info;
    for (let number = 0; number < maxEntries; number += 1) if (!this.#taken.has(number)) return number;
    throw new EbpfError(
      "NO_SPACE",
      `Cannot attach to more than ${maxEntries} places of probes: define BPF_USDT_MAX_SPEC_CNT before usdt.bpf.h is included`,
    );
  }

  #checkIndex(args: readonly UsdtArgument[]): void {
    if (this.#hasIndex || args.every((each) => each.in !== "element")) return;
    throw new NotSupportedError(
      "usdt index",
      "Cannot tell the program where an argument of the probe lies: it is an element of an array, which the object's usdt.bpf.h does not know (libbpf 1.7), compile it with that of today",
    );
  }

  #write(number: number, args: readonly object[], cookie: bigint): void {
    const value = { args, usdt_cookie: cookie, arg_cnt: args.length };
    const bytes = new Uint8Array(this.#encoder.sizeFor(value));
    this.#encoder.encode(value, new DataView(bytes.buffer), 0);
    this.#specs.map.update(keyOf(number), bytes, 0);
  }

  /** Where cookies do, no room is no reason to fail. */
  #remember(address: number, number: number, required: boolean): void {
    try {
      this.#addresses.map.update(addressKey(address), keyOf(number), 0);
    } catch (error) {
      if (required || !(error instanceof EbpfError)) throw error;
    }
  }

  /** The object may be closed by now, and its maps with it. */
  #forget(address: number): void {
    try {
      this.#addresses.map.delete(addressKey(address));
    } catch (error) {
      if (!(error instanceof EbpfError)) throw error;
    }
  }
}

function keyOf(number: number): Uint8Array {
  return new Uint8Array(new Uint32Array([number]).buffer);
}

function addressKey(address: number): Uint8Array {
  return new Uint8Array(new BigUint64Array([BigInt(address)]).buffer);
}

/** Names of the members of what `args` is an array of. */
function argumentMembers(btf: Btf, type: number): readonly string[] {
  const spec = btf.resolve(type);
  const args = spec.kind === "struct" ? spec.members.find(({ name }) => name === "args") : undefined;
  const array = args && btf.resolve(args.type);
  const each = array?.kind === "array" ? btf.resolve(array.type) : undefined;
  return each?.kind === "struct" ? each.members.map(({ name }) => name) : [];
}

/** `enum __bpf_usdt_arg_type` */
const kinds = { constant: 0, register: 1, memory: 2, element: 3 } as const;

/** `struct __bpf_usdt_arg_spec`. What the object's own has not is left out. */
function specOf(argument: UsdtArgument, machine: number): Record<string, unknown> {
  const place = {
    val_off: BigInt.asUintN(
      64,
      argument.in === "constant" ? argument.value : "offset" in argument ? argument.offset : 0n,
    ),
    arg_type: kinds[argument.in],
    reg_off: argument.in === "constant" ? 0 : registerOffset(argument.register, machine),
    arg_signed: argument.signed,
    arg_bitshift: 64 - 8 * argument.size,
  };
  if (argument.in !== "element") return { ...place, idx_reg_off: 0, scale_bitshift: 0 };
  return { ...place, idx_reg_off: registerOffset(argument.index, machine), scale_bitshift: Math.log2(argument.scale) };
}
