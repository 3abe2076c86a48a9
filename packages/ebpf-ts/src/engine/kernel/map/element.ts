import { Attributes } from "../../../sys/ffi/attributes.ts";
import type { Descriptor } from "../../../sys/ffi/descriptor.ts";
import type { Sys } from "../../../sys/ffi/sys.ts";
import { Errno } from "../../../uapi/errno.ts";
import { Command } from "../../../uapi/uapi.gen.ts";

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
  /** For lookup and update: key at 8, value at 16, flags at 24. */
  readonly #element: Attributes;
  /** For delete: key at 8, and the rest must be zero. */
  readonly #deletion: Attributes;
  /** For the next key: key at 8, next key at 16. */
  readonly #next: Attributes;
  /** The same without a key, which asks for the first. */
  readonly #first: Attributes;

  constructor(sys: Sys, map: Descriptor, keySize: number, valueSize: number) {
    this.#sys = sys;
    this.#map = map;
    this.#key = new Uint8Array(keySize);
    this.#nextKey = new Uint8Array(keySize);
    this.#value = new Uint8Array(valueSize);
    this.#element = new Attributes(32);
    this.#deletion = new Attributes(32);
    this.#next = new Attributes(32);
    this.#first = new Attributes(32);
    // Maps without keys (queues, stacks) want a NULL there.
    if (keySize > 0) {
      this.#element.pointer(8, this.#key);
      this.#deletion.pointer(8, this.#key);
      this.#next.pointer(8, this.#key).pointer(16, this.#nextKey);
      this.#first.pointer(16, this.#nextKey);
    }
    if (valueSize > 0) this.#element.pointer(16, this.#value);
  }

  /** On success `value` holds what was found, until the next call. */
  lookup(key: Uint8Array): number {
    this.#key.set(key);
    return this.#call(Command.MAP_LOOKUP_ELEM, this.#element, 0);
  }

  update(key: Uint8Array, value: Uint8Array, flags: number): number {
    this.#key.set(key);
    this.#value.set(value);
    return this.#call(Command.MAP_UPDATE_ELEM, this.#element, flags);
  }

  delete(key: Uint8Array): number {
    this.#key.set(key);
    return this.#call(Command.MAP_DELETE_ELEM, this.#deletion, 0);
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

  #call(command: number, attributes: Attributes, flags: number): number {
    attributes.u32(0, this.#map.fd).u32(24, flags);
    const result = this.#sys.bpf(command, attributes);
    // A signal may interrupt a lookup in a map that sleeps; none has begun its work then.
    return result === -Errno.EINTR ? this.#sys.bpf(command, attributes) : result;
  }
}
