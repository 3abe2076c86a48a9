import type { Descriptor } from "../../../sys/ffi/descriptor.ts";
import { KernelStruct } from "../../../sys/ffi/kernel-struct.ts";
import type { Sys } from "../../../sys/ffi/sys.ts";
import { Errno } from "../../../uapi/errno.ts";
import { BpfAttr } from "../../../uapi/structs.gen.ts";
import { Command } from "../../../uapi/uapi.gen.ts";

type Element = KernelStruct<typeof BpfAttr.elem>;
const { map_fd, flags } = BpfAttr.elem.fields;

/**
 * The calls on one element of a map, through buffers that are made once: key, value, and the struct that points at
 * them. Results are 0 or a negative errno. JavaScript runs one call at a time, so one set does.
 */
export class ElementCalls {
  readonly #sys: Sys;
  readonly #map: Descriptor;
  readonly #key: Uint8Array;
  readonly #nextKey: Uint8Array;
  readonly #value: Uint8Array;
  /** For lookup and update. */
  readonly #element: Element = new KernelStruct(BpfAttr.elem);
  /** For delete: all but the key must be zero. */
  readonly #deletion: Element = new KernelStruct(BpfAttr.elem);
  readonly #next: Element = new KernelStruct(BpfAttr.elem);
  /** For the next key without a key, which asks for the first. */
  readonly #first: Element = new KernelStruct(BpfAttr.elem);

  constructor(sys: Sys, map: Descriptor, keySize: number, valueSize: number) {
    this.#sys = sys;
    this.#map = map;
    this.#key = new Uint8Array(keySize);
    this.#nextKey = new Uint8Array(keySize);
    this.#value = new Uint8Array(valueSize);
    // Maps without keys (queues, stacks) want a NULL there.
    if (keySize > 0) {
      this.#element.assign({ key: this.#key });
      this.#deletion.assign({ key: this.#key });
      this.#next.assign({ key: this.#key, next_key: this.#nextKey });
      this.#first.assign({ next_key: this.#nextKey });
    }
    if (valueSize > 0) this.#element.assign({ value: this.#value });
  }

  /** On success `value` holds what was found, until the next call. */
  lookup(key: Uint8Array): number {
    this.#key.set(key);
    return this.#call(Command.MAP_LOOKUP_ELEM, this.#element, 0);
  }

  /** A lookup by the value, in a map without keys. */
  probe(value: Uint8Array): number {
    this.#value.set(value);
    return this.#call(Command.MAP_LOOKUP_ELEM, this.#element, 0);
  }

  update(key: Uint8Array, value: Uint8Array, how: number): number {
    this.#key.set(key);
    this.#value.set(value);
    return this.#call(Command.MAP_UPDATE_ELEM, this.#element, how);
  }

  delete(key: Uint8Array): number {
    this.#key.set(key);
    return this.#call(Command.MAP_DELETE_ELEM, this.#deletion, 0);
  }

  /** {@link lookup} and {@link delete} in one. */
  take(key: Uint8Array): number {
    this.#key.set(key);
    return this.#call(Command.MAP_LOOKUP_AND_DELETE_ELEM, this.#element, 0);
  }

  /** On success `nextKey` holds it, until the next call. */
  findNext(key: Uint8Array | undefined): number {
    if (key === undefined) return this.#call(Command.MAP_GET_NEXT_KEY, this.#first, 0);
    this.#key.set(key);
    return this.#call(Command.MAP_GET_NEXT_KEY, this.#next, 0);
  }

  get value(): Uint8Array {
    return this.#value;
  }

  get nextKey(): Uint8Array {
    return this.#nextKey;
  }

  #call(command: number, attributes: Element, how: number): number {
    attributes.putU32(map_fd, this.#map.fd).putU64(flags, how);
    const result = this.#sys.bpf(command, attributes);
    // A signal may interrupt a lookup in a map that sleeps; none has begun its work then.
    return result === -Errno.EINTR ? this.#sys.bpf(command, attributes) : result;
  }
}
