import { EbpfError, ProgramFault } from "../../../base/errors.ts";
import { Allowance } from "./allowance.ts";
import type { Clock } from "./clock.ts";
import type { RunOrigin, Task } from "./contracts.ts";
import type { MachineImage } from "./image.ts";
import type { MachineMap, MachineRing } from "./machine-map.ts";
import { clearStack, frameSize, maxFrames, type CpuMemory } from "../memory/cpu-memory.ts";
import type { Dynptr } from "./dynptr.ts";
import type { MachineProgram } from "./machine-program.ts";
import { functionAt, mapIndex } from "./map-handle.ts";
import { addPointers, OwnValues } from "./own-values.ts";
import { describeAddress } from "../memory/memory-fault.ts";
import { readable, writable } from "../memory/page-table.ts";
import type { ProgramMemory } from "../memory/program-memory.ts";
import { type Slice, Slices } from "./slices.ts";

/**
 * Runs from `run.next` until the frame that is current now exits; r0 is its result then. Whoever executes counts instructions down in
 * `run.remaining`, calls `run.look()` when there are none, keeps `run.slot` true wherever something may fault, and does what a helper's result says (`HelperResult`).
 */
export type Execute = (run: Run) => void;

/** What a run sees of its machine. */
export interface RunHost {
  readonly image: MachineImage;
  readonly memory: ProgramMemory;
  readonly programs: readonly MachineProgram[];
  /** Those of the image. */
  readonly maps: readonly MachineMap[];
  /** By index: see `map-handle.ts`. */
  mapAt(index: number): MachineMap | undefined;
  readonly cpus: number;
  readonly clock: Clock;
  readonly execute: Execute;
  /** All runs are to end. */
  readonly isClosing: boolean;
  print(line: string, origin: RunOrigin): void;
}

/** A record that was reserved in an event ring and not yet submitted or discarded. */
export interface HeldRecord {
  readonly ring: MachineRing;
  readonly slice: Slice;
  /** It was reserved as a dynptr, which alone can submit or discard it. */
  readonly asDynptr: boolean;
}

/**
 * Records that a run may hold at a time: twice what the kernel's verifier lets through, for it must see where each is kept, and 8 frames of
 * 512 bytes have room for 512.
 */
const mostReservations = 1024;
const savedRegisters = 4; // r6..r9
/** 64 bytes that a helper works on are an instruction. */
const chargeShift = 6;

/** One run of a program on one CPU: its registers, its frames, and everything that it holds. */
export class Run {
  readonly host: RunHost;
  readonly memory: ProgramMemory;
  readonly cpu: CpuMemory;
  /** The same eleven registers four ways; the low half of register r is element 2r of the 32-bit views. */
  readonly u64: BigUint64Array = new BigUint64Array(11);
  readonly s64: BigInt64Array = new BigInt64Array(this.u64.buffer);
  readonly u32: Uint32Array = new Uint32Array(this.u64.buffer);
  readonly s32: Int32Array = new Int32Array(this.u64.buffer);
  program: MachineProgram;
  /** The instruction that is being run, and the one after it. */
  slot = 0;
  next = 0;
  /** Instructions left until {@link look}. */
  remaining = 0;
  /** 0 for the program itself. */
  depth = 0;
  tailCalls = 0;
  task: Task;
  readonly slices: Slices = new Slices();
  /** By the address of the payload. */
  readonly reservations: Map<number, HeldRecord> = new Map();
  /** By the address of the program's `struct bpf_dynptr`, which itself says nothing. */
  readonly dynptrs: Map<bigint, Dynptr> = new Map();
  readonly #allowance: Allowance;
  readonly #values: OwnValues;
  #stackLow = 0;
  /** The deepest frame that was entered. */
  #deepest = 0;
  /** The map that a helper was given last. */
  #lastHandle = 0n;
  #lastMap: MachineMap | undefined;
  readonly #callers: { program: MachineProgram; next: number }[] = [];
  readonly #saved: BigUint64Array = new BigUint64Array(maxFrames * savedRegisters);
  readonly #savedHalves: Uint32Array = new Uint32Array(this.#saved.buffer);

  constructor(host: RunHost, cpu: CpuMemory, program: MachineProgram, task: Task) {
    this.host = host;
    this.memory = host.memory;
    this.cpu = cpu;
    this.program = program;
    this.task = task;
    this.#values = new OwnValues(host.memory, () => this.#pointers());
    this.#allowance = new Allowance(host.image.instructionBudget, host.image.maxRunMs);
  }

  /** How long the run that begins next may go on. */
  allow(): void {
    this.remaining = this.#allowance.begin();
  }

  /** The same, for the first of several whose time counts together. */
  allowSeries(): void {
    this.remaining = this.#allowance.beginSeries();
  }

  /** For the next of them. */
  allowAnother(): void {
    this.remaining = this.#allowance.goOn(this.remaining);
  }

  /** Makes it ready for a run from the start of `program`. The stack is zero, as {@link release} leaves it. */
  begin(program: MachineProgram, task: Task, context: number): void {
    this.program = program;
    this.task = task;
    this.slot = this.next = this.depth = this.tailCalls = 0;
    this.#values.clear();
    this.#lastHandle = 0n;
    this.u64.fill(0n);
    this.u64[1] = BigInt(context);
    this.#setFrame(0);
  }

  /** Gives everything back that the run still holds, and clears its stack; returns how many records that were. */
  release(): number {
    this.slices.clear();
    clearStack(this.memory, this.cpu, this.#deepest + 1);
    this.#deepest = 0;
    return this.reservations.size === 0 && this.dynptrs.size === 0 ? 0 : this.#releaseRecords();
  }

  /** What of the budget is left. */
  get budget(): number {
    return this.#allowance.instructions + this.remaining;
  }

  /** When `remaining` is used up: ends a run that has gone on for too long, or whose collection closes; else there is more now. */
  look(): void {
    if (this.host.isClosing) this.#end();
    const more = this.#allowance.next(this.remaining);
    if (typeof more === "string") this.fault(more);
    this.remaining = more;
  }

  /** What a helper does counts as so many instructions; long ones say it as they go on, so that they can be ended. */
  work(instructions: number): void {
    this.remaining -= instructions;
    if (this.remaining < 0) this.look();
  }

  /** Address in a register plus an offset; exact below 2^53, and above that nothing is mapped. */
  address(register: number, offset: number): number {
    return this.u32[2 * register + 1]! * 0x1_0000_0000 + this.u32[2 * register]! + offset;
  }

  checkRead(address: number, size: number): void {
    if (!this.mayAccess(address, size, false)) this.fault(`read ${size} bytes at ${this.#describe(address, size)}`);
  }

  checkWrite(address: number, size: number): void {
    if (!this.mayAccess(address, size, true)) this.fault(`wrote ${size} bytes at ${this.#describe(address, size)}`);
  }

  mayAccess(address: number, size: number, write: boolean): boolean {
    if (address >= this.#stackLow && address + size <= this.cpu.stack.end) return true;
    if (this.#values.isLast(address, size, write)) return true;
    const entry = this.memory.pages.entryOf(address, size);
    if ((entry & (write ? writable : readable)) !== 0) return entry > 0 || this.#values.allow(entry, address, size);
    return entry !== 0 && this.slices.allow(address, size, write);
  }

  /** A value of a map, or NULL (0), is handed to the program, which may touch it from now on. */
  handOut(address: number, size: number): void {
    this.#values.add(address, size);
  }

  /** Lets the run touch memory that is not its own, until it is taken back or the run ends. */
  lend(slice: Slice): void {
    this.slices.add(slice);
  }

  takeBack(slice: Slice): void {
    this.slices.remove(slice);
  }

  /** To be called before a record is reserved. */
  checkReservations(): void {
    if (this.reservations.size >= mostReservations)
      this.fault(`held ${mostReservations} ring records at once, and reserved another`);
  }

  /** The bytes that a helper was told to read; live memory. */
  readable(address: bigint, size: number): Uint8Array {
    if (size === 0) return new Uint8Array(0);
    const start = this.readableAt(address, size);
    return this.memory.bytes.subarray(start, start + size);
  }

  /** Where they stand, for those that read them in place. */
  readableAt(address: bigint, size: number): number {
    const start = Number(address);
    if (size > 0) this.checkRead(start, size);
    this.#charge(size);
    return start;
  }

  /** The bytes that a helper was told to fill; live memory. */
  writable(address: bigint, size: number): Uint8Array {
    if (size === 0) return new Uint8Array(0);
    const start = Number(address);
    this.checkWrite(start, size);
    this.#charge(size);
    return this.memory.bytes.subarray(start, start + size);
  }

  /** The map that a helper was given. */
  map(handle: bigint): MachineMap {
    if (handle === this.#lastHandle && this.#lastMap !== undefined) return this.#lastMap;
    const map = this.host.mapAt(mapIndex(handle));
    if (map === undefined) return this.fault("gave a helper something that is no map where a map belongs");
    this.#lastHandle = handle;
    this.#lastMap = map;
    return map;
  }

  /** Calls a subprogram: r6..r9 are kept for the caller, the callee gets a frame of its own. */
  enter(slot: number): void {
    if (this.depth === maxFrames - 1) this.fault(`called more than ${maxFrames} functions deep`);
    this.#callers[this.depth] = { program: this.program, next: this.next };
    this.#saved.set(this.u64.subarray(6, 10), this.depth * savedRegisters);
    this.#setFrame(this.depth + 1);
    this.next = slot;
  }

  /** Returns to the caller. */
  leave(): void {
    if (this.dynptrs.size > 0) this.#forgetDynptrsOfFrame();
    this.#setFrame(this.depth - 1);
    const at = this.depth * savedRegisters;
    this.u64.set(this.#saved.subarray(at, at + savedRegisters), 6);
    const caller = this.#callers[this.depth]!;
    this.program = caller.program;
    this.next = caller.next;
  }

  /** Runs a function that a helper was given, to its exit; its result is r0. */
  callback(address: bigint, a1: bigint, a2: bigint, a3 = 0n, a4 = 0n): bigint {
    const target = functionAt(address);
    if (target === undefined || target.program !== this.program.index || !this.program.isFunction(target.slot)) {
      return this.fault("gave a helper something that is no function where a callback belongs");
    }
    const slot = this.slot;
    this.enter(target.slot);
    this.u64[1] = a1;
    this.u64[2] = a2;
    this.u64[3] = a3;
    this.u64[4] = a4;
    this.host.execute(this);
    const result = this.u64[0]!;
    this.leave();
    this.slot = slot;
    return result;
  }

  /** What an executor does when a helper's result is a program: goes on at its start, in the same frame. */
  goOnAt(program: MachineProgram): void {
    this.tailCalls++;
    this.program = program;
    this.next = 0;
  }

  /** Ends the run with an error that names where it was. */
  fault(what: string): never {
    const { name } = this.program.image;
    const message = `Program ${name} was ended at ${this.program.placeOf(this.slot)}: it ${what}`;
    throw new ProgramFault(name, this.slot, this.program.sourceOf(this.slot), message);
  }

  #describe(address: number, size: number): string {
    const entry = this.memory.pages.entryOf(address, size);
    if (entry >= 0) return describeAddress(this.memory, address, size);
    const { region, slot, start } = this.memory.elementAt(entry, address);
    const map = this.host.maps.find(({ image }) => image.address === region)!;
    const value = `the value of key ${map.keyOf?.(slot)} of map ${map.image.name}`;
    const why = this.#values.has(start)
      ? `runs over the end of ${value}`
      : `is in ${value}, that it has not looked up, or has let go of`;
    return `0x${address.toString(16)}, which ${why}`;
  }

  #end(): never {
    const { name } = this.program.image;
    throw new EbpfError("CLOSED", `Program ${name} was ended: its collection is closed`);
  }

  /** What helpers work on counts to the budget, so that a few calls cannot take for ever either. */
  #charge(size: number): void {
    this.remaining -= size >>> chargeShift;
  }

  #setFrame(depth: number): void {
    const top = this.cpu.stack.end - depth * frameSize;
    this.depth = depth;
    if (depth > this.#deepest) this.#deepest = depth;
    this.#stackLow = top - frameSize;
    this.u64[10] = BigInt(top);
  }

  #releaseRecords(): number {
    const held = this.reservations.size;
    for (const [address, { ring }] of this.reservations) ring.discard(address, 0n);
    let unfinished = 0;
    for (const { kind, address } of this.dynptrs.values()) if (kind === "ring" && address === 0) unfinished++;
    this.reservations.clear();
    this.dynptrs.clear();
    return held + unfinished;
  }

  /** Where the kernel's verifier lets a program keep the address of a value: registers, its callers' too, the stack, and dynptrs. */
  #pointers(): number[] {
    const found: number[] = [];
    addPointers(this.u32, found);
    addPointers(this.#savedHalves.subarray(0, 2 * savedRegisters * this.depth), found);
    addPointers(this.memory.words.subarray(this.#stackLow / 4, this.cpu.stack.end / 4), found);
    for (const { address } of this.dynptrs.values()) found.push(address);
    return found;
  }

  #forgetDynptrsOfFrame(): void {
    this.remaining -= this.dynptrs.size;
    for (const [address, dynptr] of this.dynptrs) {
      const gone = address >= BigInt(this.#stackLow) && address < this.u64[10]!;
      if (gone && dynptr.kind === "local") this.dynptrs.delete(address);
    }
  }
}
