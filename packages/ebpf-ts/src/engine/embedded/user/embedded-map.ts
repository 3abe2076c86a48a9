import { EbpfError, SyscallError, type EbpfErrorCode } from "../../../base/errors.ts";
import { mapKind } from "../../../kinds/map-kinds.ts";
import type { MapSpec } from "../../../spec/types.ts";
import { Errno, errnoName } from "../../../uapi/errno.ts";
import { MapFlag } from "../../../uapi/uapi.gen.ts";
import type { EngineMap, MapInfo } from "../../map.ts";
import type { EngineProgram } from "../../program.ts";
import type { EnginePerf, PerfOptions } from "../../perf.ts";
import type { EngineRing } from "../../ring.ts";
import type { Machine } from "../machine/contracts.ts";
import type { MachineMap } from "../machine/machine-map.ts";
import { engineRing } from "../rings/engine-ring.ts";
import { EmbeddedPerf, refuseSecondReader } from "../rings/perf/machine-perf.ts";

export interface EmbeddedMapOptions {
  readonly map: MachineMap;
  readonly spec: MapSpec;
  readonly machine: Machine;
  /** Index in the machine, and type, of a program that this collection has. */
  readonly programOf: (program: EngineProgram) => { readonly index: number; readonly type: number } | undefined;
}

/** A map as user space sees it: what bpf(2) does on the kernel. */
export class EmbeddedMap implements EngineMap {
  readonly info: MapInfo;
  readonly cpus: number;
  readonly memory?: () => Uint8Array;
  readonly readOnlyMemory?: () => Uint8Array;
  readonly take?: (key: Uint8Array) => Uint8Array | undefined;
  readonly contains?: (value: Uint8Array) => boolean;
  readonly ring?: () => EngineRing;
  readonly perf?: (options: PerfOptions) => EnginePerf;
  readonly setProgram?: (index: number, program: EngineProgram) => void;
  readonly setId?: (key: Uint8Array, id: number) => void;
  readonly #map: MachineMap;
  /** What an entry is, in messages. */
  readonly #entry: string;
  readonly #options: EmbeddedMapOptions;
  #frozen: boolean;
  /** The kernel freezes nothing that is mapped for writing. */
  #mapped = false;
  #sealed = false;
  #closed = false;
  /** A prog array takes only programs of the type of its first. */
  #programType: number | undefined;
  #openPerf: EmbeddedPerf | undefined;

  constructor(options: EmbeddedMapOptions) {
    const { map, spec, machine } = options;
    const { name, type, keySize, valueSize, maxEntries, flags } = map.image;
    this.info = { name, type, id: 0, keySize, valueSize, maxEntries, flags };
    const kind = mapKind(type);
    this.cpus = kind.perCpu ? machine.image.cpus : 1;
    this.#map = map;
    this.#entry = kind.key === "none" ? "a value" : "a key";
    this.#options = options;
    this.#frozen = spec.readOnly;
    if (kind.memory === "values" && (flags & MapFlag.MMAPABLE) !== 0) {
      this.readOnlyMemory = () => this.#memory();
      if (!spec.readOnly && (flags & MapFlag.RDONLY_PROG) === 0) this.memory = () => this.#writableMemory();
    }
    if (map.ring !== undefined || map.userRing !== undefined) this.ring = () => this.#ring();
    if (map.perf !== undefined) this.perf = (perf) => this.#perf(perf);
    if (map.take !== undefined) this.take = (key) => this.#take(key);
    if (map.contains !== undefined) this.contains = (value) => this.#contains(value);
    if (map.setProgramAt !== undefined) {
      this.setProgram = (index, program) => this.#setProgram(index, program);
      this.setId = (key, id) => this.#setId(key, id);
    }
  }

  lookup(key: Uint8Array): Uint8Array | undefined {
    this.#check(`look up ${this.#entry} of`);
    return this.#map.read(key);
  }

  update(key: Uint8Array, value: Uint8Array, flags: number): void {
    const action = `set ${this.#entry} of`;
    this.#checkWritable("BPF_MAP_UPDATE_ELEM", action);
    const result = this.#isProgram(value) ? this.#map.write(key, value, flags) : -Errno.EBADF;
    if (result >= 0) return;
    const reasons = mapKind(this.info.type).key === "none" ? pushReasons : updateReasons;
    throw this.#failure("BPF_MAP_UPDATE_ELEM", -result, action, reasons);
  }

  delete(key: Uint8Array): boolean {
    this.#checkWritable("BPF_MAP_DELETE_ELEM", "delete a key of");
    const result = this.#map.delete(key);
    if (result < 0 && result !== -Errno.ENOENT)
      throw this.#failure("BPF_MAP_DELETE_ELEM", -result, "delete a key of", deleteReasons);
    return result === 0;
  }

  nextKey(key: Uint8Array | undefined): Uint8Array | undefined {
    this.#check("list the keys of");
    return this.#map.nextKey(key);
  }

  get frozen(): boolean {
    return this.#frozen || this.#sealed;
  }

  get openMemory(): Uint8Array | undefined {
    return this.#mapped ? this.#memory() : undefined;
  }

  seal(): void {
    this.#sealed = true;
  }

  freeze(): void {
    this.#check("freeze");
    const refused = this.#frozen ? Errno.EPERM : this.#mapped ? Errno.EBUSY : 0;
    if (refused !== 0) throw this.#failure("BPF_MAP_FREEZE", refused, "freeze", freezeReasons);
    this.#frozen = true;
  }

  close(): void {
    this.#closed = true;
    this.#openPerf?.close();
    this.#map.close?.();
  }

  #writableMemory(): Uint8Array {
    this.#check("open the memory of");
    this.#refuseSealed("open the memory of");
    if (this.#frozen) throw this.#failure("mmap", Errno.EPERM, "open the memory of", { [Errno.EPERM]: "it is frozen" });
    this.#mapped = true;
    return this.#memory();
  }

  #memory(): Uint8Array {
    this.#check("open the memory of");
    const { address, valueSize, maxEntries } = this.#map.image;
    return new Uint8Array(this.#buffer, address, maxEntries * Math.ceil(valueSize / 8) * 8);
  }

  #take(key: Uint8Array): Uint8Array | undefined {
    this.#checkWritable("BPF_MAP_LOOKUP_AND_DELETE_ELEM", `take ${this.#entry} of`);
    return this.#map.take!(key);
  }

  #contains(value: Uint8Array): boolean {
    this.#check("look for a value in");
    return this.#map.contains!(value);
  }

  #ring(): EngineRing {
    this.#check("open");
    return engineRing(this.#map, this.#buffer);
  }

  get #buffer(): ArrayBufferLike {
    return this.#options.machine.image.memory.buffer;
  }

  #perf(options: PerfOptions): EnginePerf {
    this.#check("open");
    refuseSecondReader(this.info.name, this.#openPerf);
    this.#openPerf = new EmbeddedPerf(this.#options.machine, this.#map, options);
    return this.#openPerf;
  }

  #setProgram(index: number, program: EngineProgram): void {
    this.#check("set a program of");
    this.#refuseSealed("set a program of");
    const found = this.#options.programOf(program);
    if (found === undefined) {
      throw new TypeError(`Cannot set a program in map ${this.info.name}: the program belongs to another collection`);
    }
    this.#programType ??= found.type;
    const result = this.#programType === found.type ? this.#map.setProgramAt!(index, found.index) : -Errno.EINVAL;
    if (result < 0)
      throw this.#failure("BPF_MAP_UPDATE_ELEM", -result, `set program ${program.info.name} in`, programReasons);
  }

  #setId(key: Uint8Array, id: number): void {
    this.#check("set a program of");
    this.#refuseSealed("set a program of");
    if (this.#options.machine.image.programs[id - 1] === undefined) {
      const action = `put program ${id} into map ${this.info.name}`;
      throw new EbpfError("NOT_FOUND", `Cannot ${action}: there is no program with that id`);
    }
    this.update(key, new Uint8Array(Uint32Array.of(id).buffer), 0);
  }

  /** True of maps that hold no programs. Their values are numbers of programs, from 1 on. */
  #isProgram(value: Uint8Array): boolean {
    if (this.#map.setProgramAt === undefined || value.length !== 4) return true;
    const { programs } = this.#options.machine.image;
    const type = programs[new DataView(value.buffer, value.byteOffset).getUint32(0, true) - 1]?.type;
    return type !== undefined && type === (this.#programType ?? type);
  }

  #check(action: string): void {
    if (this.#closed) throw new EbpfError("CLOSED", `Cannot ${action} map ${this.info.name}: its collection is closed`);
  }

  #refuseSealed(action: string): void {
    if (!this.#sealed) return;
    const message = `Cannot ${action} map ${this.info.name}: this process was locked down by lockDown({ readOnly: true })`;
    throw new EbpfError("NO_PRIVILEGE", message);
  }

  #checkWritable(call: string, action: string): void {
    this.#check(action);
    this.#refuseSealed(action);
    if (this.#frozen) throw this.#failure(call, Errno.EPERM, action, { [Errno.EPERM]: "it is read-only" });
  }

  #failure(call: string, errno: number, action: string, reasons: Readonly<Record<number, string>>): EbpfError {
    const name = errnoName(errno);
    const reason = reasons[errno] ?? "it does not support that";
    return new SyscallError(
      call,
      errno,
      name,
      `Cannot ${action} map ${this.info.name}: ${reason} (${name})`,
      codes[errno] ?? "SYSCALL",
    );
  }
}

const codes: Readonly<Record<number, EbpfErrorCode>> = {
  [Errno.ENOENT]: "NOT_FOUND",
  [Errno.ENOTSUPP]: "NOT_SUPPORTED",
  [Errno.EOPNOTSUPP]: "NOT_SUPPORTED",
  [Errno.E2BIG]: "NO_SPACE",
};

const updateReasons: Readonly<Record<number, string>> = {
  [Errno.E2BIG]: "it is full, or the index is beyond its end",
  [Errno.EBADF]: "no program has that number, or one of another type",
  [Errno.EEXIST]: "the key exists already",
  [Errno.ENOENT]: "there is no such key",
  [Errno.EINVAL]: "the size of the key or value, or the flags, do not suit it",
};

const pushReasons: Readonly<Record<number, string>> = {
  [Errno.E2BIG]: "it is full",
  [Errno.EINVAL]: "the size of the value, or the flags, do not suit it",
};

const freezeReasons: Readonly<Record<number, string>> = {
  [Errno.EPERM]: "it is frozen already",
  [Errno.EBUSY]: "its memory is mapped for writing",
};

const deleteReasons: Readonly<Record<number, string>> = {
  [Errno.EINVAL]: "its keys cannot be deleted, or the size of the key does not suit it",
  [Errno.E2BIG]: "the index is beyond its end",
};

const programReasons: Readonly<Record<number, string>> = {
  [Errno.E2BIG]: "the index is beyond its end",
  [Errno.EINVAL]: "it holds programs of another type",
};
