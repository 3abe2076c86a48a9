import { EbpfError } from "../../base/errors.ts";
import { numberAt, putNumber, putU32, putU64 } from "../../uapi/fields.ts";
import type { Layout, NumbersOf, ValuesFor, ValuesOf } from "../../uapi/layout.ts";
import { readValues, writeValues } from "../../uapi/values.ts";
import { addressOf } from "./libc.ts";
import type { Pinned } from "./pinned.ts";

/** What a pointer in a struct is given as: memory, or a text, which gets a NUL at its end. */
export type Pointee = ArrayBuffer | ArrayBufferView | string;

/** A struct in memory that stays where it is. */
export interface SystemArgument {
  readonly address: number;
  /** Bytes of it that the kernel is told of. */
  readonly size: number;
}

/**
 * A struct of the kernel's interface, in memory that stays where it is: what a system call takes, and where it writes what it gives.
 * Fields have the kernel's names, and the layout says how wide they are.
 *
 * The {@link size} that the kernel is told ends with the last field that was set. Kernels take structs that are longer than those
 * they know as long as the rest is zero, and shorter ones as if the rest were; so a struct of a new kernel serves old ones too, and
 * what they do not know is asked of them only where it is used.
 */
export class KernelStruct<L extends Layout> implements SystemArgument, Pinned {
  readonly layout: L;
  /** All of it. */
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly address: number;
  /** What the struct points at stays reachable as long as the struct does. */
  readonly #pointees = new Map<number, ArrayBuffer | ArrayBufferView>();
  #size = 0;

  constructor(layout: L, values?: ValuesFor<L["fields"], Pointee>) {
    const buffer = new ArrayBuffer(layout.size);
    this.layout = layout;
    this.bytes = new Uint8Array(buffer);
    this.address = addressOf(buffer);
    this.view = new DataView(buffer);
    if (values !== undefined) this.assign(values);
  }

  get size(): number {
    return this.#size;
  }

  /** Sets the fields that are named. */
  assign(values: ValuesFor<L["fields"], Pointee>): this {
    const end = writeValues<L["fields"], Pointee>(this.view, 0, this.layout.fields, values, (field, target) => {
      const memory = typeof target === "string" ? withNul(target) : target;
      this.#pointees.set(field.at, memory);
      putNumber(this.view, 0, field, addressOf(memory));
    });
    this.#size = Math.max(this.#size, end);
    return this;
  }

  /** All fields. */
  get values(): ValuesOf<L["fields"]> {
    return readValues<L["fields"]>(this.view, 0, this.layout.fields);
  }

  /** One field, without a lookup of its name. Of 64-bit ones numbers below 2^53. */
  put(field: NumbersOf<L["fields"]>, value: number): this {
    putNumber(this.view, 0, field, value);
    if (field.end > this.#size) this.#size = field.end;
    return this;
  }

  /** The same for calls that are made in a row: the kind of the field is known. */
  putU32(field: NumbersOf<L["fields"]> & { readonly kind: "u32" }, value: number): this {
    putU32(this.view, 0, field, value);
    if (field.end > this.#size) this.#size = field.end;
    return this;
  }

  putU64(field: NumbersOf<L["fields"]> & { readonly kind: "u64" | "s64" }, value: number): this {
    putU64(this.view, 0, field, value);
    if (field.end > this.#size) this.#size = field.end;
    return this;
  }

  number(field: NumbersOf<L["fields"]>): number {
    return numberAt(this.view, 0, field);
  }
}

/** The kernel would see less of a text than was checked. */
function withNul(text: string): Uint8Array {
  if (text.includes("\0"))
    throw new EbpfError("BAD_VALUE", `Cannot give the kernel ${JSON.stringify(text)}: it has a NUL`);
  return new TextEncoder().encode(`${text}\0`);
}
