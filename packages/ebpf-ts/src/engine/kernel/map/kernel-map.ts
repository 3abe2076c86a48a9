import { EbpfError, SyscallError } from "../../../base/errors.ts";
import type { Descriptor } from "../../../sys/ffi/descriptor.ts";
import { KernelStruct } from "../../../sys/ffi/kernel-struct.ts";
import type { Sys } from "../../../sys/ffi/sys.ts";
import { lockedDownBy } from "../../../host/locked-down.ts";
import { Errno, errnoName } from "../../../uapi/errno.ts";
import { mapTypeName } from "../../../uapi/type-names.ts";
import { BpfAttr } from "../../../uapi/structs.gen.ts";
import { Command } from "../../../uapi/uapi.gen.ts";
import type { EngineMap, MapInfo } from "../../map.ts";
import { ElementCalls } from "./element.ts";
import { failure } from "../failure.ts";
import { PinPlace } from "../pin.ts";

/** What a live map of the kernel is made of. */
export interface MapParts {
  readonly sys: Sys;
  readonly descriptor: Descriptor;
  readonly info: MapInfo;
  /** Values that a lookup gives: the number of possible CPUs for a per-CPU map, else 1. */
  readonly cpus: number;
  /** Bytes of what a lookup gives. */
  readonly bytes: number;
  /** Where it is pinned already. */
  readonly pinnedAt?: string | undefined;
}

/** What every map of the kernel can do. What only some can is added by the classes in the files beside. */
export class KernelMap implements EngineMap {
  readonly info: MapInfo;
  readonly cpus: number;
  protected readonly sys: Sys;
  protected readonly descriptor: Descriptor;
  protected readonly bytes: number;
  readonly #pin: PinPlace;
  #calls: ElementCalls | undefined;
  #sealed = false;

  constructor(parts: MapParts) {
    this.info = parts.info;
    this.cpus = parts.cpus;
    this.sys = parts.sys;
    this.descriptor = parts.descriptor;
    this.bytes = parts.bytes;
    this.#pin = new PinPlace(parts.sys, parts.pinnedAt);
  }

  get fd(): number {
    return this.descriptor.fd;
  }

  lookup(key: Uint8Array): Uint8Array | undefined {
    this.#checkKey(key);
    return this.#found(this.calls.lookup(key), "look up a key");
  }

  take(key: Uint8Array): Uint8Array | undefined {
    this.#checkKey(key);
    this.refuseSealed("take a key of");
    return this.#found(this.calls.take(key), "take a key");
  }

  update(key: Uint8Array, value: Uint8Array, flags: number): void {
    this.#checkKey(key);
    if (value.length !== this.bytes) {
      throw new RangeError(`A value of map ${this.info.name} has ${this.bytes} bytes, this one has ${value.length}`);
    }
    this.refuseSealed("update a key of");
    this.check(this.calls.update(key, value, flags), "update a key");
  }

  delete(key: Uint8Array): boolean {
    this.#checkKey(key);
    this.refuseSealed("delete a key of");
    const result = this.calls.delete(key);
    if (result === -Errno.ENOENT) return false;
    this.check(result, "delete a key");
    return true;
  }

  /** The value goes in where others come out. */
  contains(value: Uint8Array): boolean {
    const result = this.calls.probe(value);
    if (result === -Errno.ENOENT) return false;
    this.check(result, "look for a value");
    return true;
  }

  nextKey(key: Uint8Array | undefined): Uint8Array | undefined {
    if (key !== undefined) this.#checkKey(key);
    const result = this.calls.findNext(key);
    if (result === -Errno.ENOENT) return undefined;
    this.check(result, "ask for the next key");
    return this.calls.nextKey.slice();
  }

  get pinnedAt(): string | undefined {
    return this.#pin.path;
  }

  pin(path: string): void {
    this.#pin.pin(this.descriptor, path, `map ${this.info.name}`);
  }

  unpin(): void {
    this.#pin.unpin(`map ${this.info.name}`);
  }

  freeze(): void {
    const attributes = new KernelStruct(BpfAttr.elem, { map_fd: this.fd });
    const result = this.sys.bpf(Command.MAP_FREEZE, attributes);
    if (result === -Errno.EBUSY) {
      throw failure(result, `freeze map ${this.info.name}`, "bpf", this.unfreezable);
    }
    this.check(result, "freeze it");
  }

  seal(): void {
    this.#sealed = true;
  }

  /** Also what is mapped lives on: the kernel keeps a map as long as anybody maps it. */
  close(): void {
    this.descriptor.close();
  }

  /** Made when first used: most maps of an object never see a call. */
  protected get calls(): ElementCalls {
    this.#calls ??= new ElementCalls(this.sys, this.descriptor, this.info.keySize, this.bytes);
    return this.#calls;
  }

  protected get sealed(): boolean {
    return this.#sealed;
  }

  /** Why the kernel says EBUSY to freeze(). */
  protected get unfreezable(): string {
    return "it is frozen already, or its memory is mapped for writing";
  }

  /** `action` goes before "map …". */
  protected refuseSealed(action: string): void {
    if (!this.#sealed) return;
    const message = `Cannot ${action} map ${this.info.name}: this process was locked down by lockDown({ readOnly: true })`;
    throw new EbpfError("NO_PRIVILEGE", message);
  }

  protected check(result: number, action: string): void {
    if (result < 0) throw this.#failure(-result, action);
  }

  #found(result: number, action: string): Uint8Array | undefined {
    if (result === -Errno.ENOENT) return undefined;
    this.check(result, action);
    return this.calls.value.slice();
  }

  #failure(errno: number, action: string): EbpfError {
    const map = `map ${this.info.name}`;
    const doing = `use ${map} to ${action}`;
    if (errno === Errno.E2BIG || errno === Errno.ENOSPC) {
      const name = errnoName(errno);
      return new SyscallError(
        "bpf",
        errno,
        name,
        `Cannot ${action} of ${map}: it has room for ${this.info.maxEntries} entries (${name})`,
        "NO_SPACE",
      );
    }
    return failure(errno, doing, "bpf", this.#reason(errno));
  }

  #reason(errno: number): string | undefined {
    switch (errno) {
      case Errno.ENOTSUPP:
      case Errno.EOPNOTSUPP:
        return `a map of type ${mapTypeName(this.info.type)} does not have that`;
      case Errno.EPERM:
        return lockedDownBy("writes") ?? "it is frozen, or its flags do not allow it";
      case Errno.EEXIST:
        return "that key exists already";
      case Errno.ENOENT:
        return "that key does not exist";
      default:
        return undefined;
    }
  }

  #checkKey(key: Uint8Array): void {
    if (key.length === this.info.keySize) return;
    throw new RangeError(`A key of map ${this.info.name} has ${this.info.keySize} bytes, this one has ${key.length}`);
  }
}
