import { Failures } from "../../src/base/failures.ts";
import { assembleImage } from "../../src/engine/embedded/load/assemble-image.ts";
import { checkCalls } from "../../src/engine/embedded/load/check-calls.ts";
import type { Machine, MachineRunResult, RunContext, Task } from "../../src/engine/embedded/machine/contracts.ts";
import type { MachineMapImage, MachineProgramImage } from "../../src/engine/embedded/machine/image.ts";
import { reserveCpu } from "../../src/engine/embedded/memory/cpu-memory.ts";
import { openMachine, type MachineOptions } from "../../src/engine/embedded/load/open-machine.ts";
import { MachineProgram } from "../../src/engine/embedded/machine/machine-program.ts";
import { mapHandle } from "../../src/engine/embedded/machine/map-handle.ts";
import { planMap } from "../../src/engine/embedded/maps/plan-map.ts";
import { MemoryLayout } from "../../src/engine/embedded/memory/memory-plan.ts";
import { ProgramMemory } from "../../src/engine/embedded/memory/program-memory.ts";
import { validate } from "../../src/engine/embedded/load/validate.ts";
import { encodeInstructions } from "../../src/insn/codec.ts";
import type { Instruction } from "../../src/insn/instruction.ts";
import type { CollectionSpec, MapSpec } from "../../src/spec/types.ts";
import { HelperId, MapType, ProgType } from "../../src/uapi/uapi.gen.ts";

export const task: Task = { pid: 1001, tgid: 1000, uid: 500, gid: 600, comm: "a-command", readUser: () => false };

/** One slot, or two for a 64-bit load. */
export type Code = Instruction | Instruction[];

export function op(opcode: number, dst = 0, src = 0, offset = 0, imm = 0): Instruction {
  return { opcode, dst, src, offset, imm };
}

export function load64(dst: number, value: bigint): Instruction[] {
  return [
    op(0x18, dst, 0, 0, Number(BigInt.asIntN(32, value))),
    op(0, 0, 0, 0, Number(BigInt.asIntN(32, value >> 32n))),
  ];
}

export function loadMap(dst: number, index: number): Instruction[] {
  return load64(dst, mapHandle(index));
}

/** The address of a function that begins `distance` slots behind the one after the load's first. */
export function loadFunction(dst: number, distance: number): Instruction[] {
  return [op(0x18, dst, 4, 0, distance), op(0)];
}

export const mov = (dst: number, src: number): Instruction => op(0xbf, dst, src);
export const movImm = (dst: number, imm: number): Instruction => op(0xb7, dst, 0, 0, imm);
export const addImm = (dst: number, imm: number): Instruction => op(0x07, dst, 0, 0, imm);
export const exit: Instruction = op(0x95);
export const call = (helper: keyof typeof HelperId): Instruction => op(0x85, 0, 0, 0, HelperId[helper]);
export const callLocal = (distance: number): Instruction => op(0x85, 0, 1, 0, distance);
/** `*(u64 *)(dst + offset) = src`, and back. */
export const store64 = (dst: number, offset: number, src: number): Instruction => op(0x7b, dst, src, offset);
export const fetch64 = (dst: number, src: number, offset: number): Instruction => op(0x79, dst, src, offset);

export function mapSpec(name: string, type: number, keySize: number, valueSize: number, maxEntries: number): MapSpec {
  return {
    name,
    type,
    keySize,
    valueSize,
    maxEntries,
    flags: 0,
    mapExtra: 0n,
    numaNode: undefined,
    pinning: "none",
    keyType: 0,
    valueType: 0,
    recordType: 0,
    inner: undefined,
    slots: [],
    section: undefined,
    contents: undefined,
    readOnly: false,
  };
}

/** A collection of programs with the same code, run by hand unless it is said otherwise. */
export function specOf(
  maps: MapSpec[],
  programs: Partial<CollectionSpec["programs"][number]>[] = [],
  code: readonly Code[] = [movImm(0, 0), exit],
): CollectionSpec {
  return {
    license: "GPL",
    maps,
    functions: [],
    variables: [],
    btf: undefined,
    programs: programs.map((program, index) => ({
      name: `program_${index}`,
      section: "syscall",
      instructions: code.flat(),
      references: [],
      btfFunction: 0,
      lines: [],
      coreRelocations: [],
      linkage: "global",
      type: ProgType.SYSCALL,
      attachType: undefined,
      attachTo: "",
      kind: "syscall",
      sleepable: true,
      autoload: true,
      ...program,
    })),
  };
}

/** An array of one value: what global data is. */
export function dataMap(name: string, size: number, readOnly = false): MapSpec {
  return { ...mapSpec(name, MapType.ARRAY, 4, size, 1), readOnly };
}

export interface TestOptions extends MachineOptions {
  readonly maps?: readonly MapSpec[];
  /** First slots of the subprograms. */
  readonly functions?: readonly number[];
  readonly budget?: number;
  readonly maxRunMs?: number;
  readonly cpus?: number;
  readonly heap?: number;
  readonly executor?: string;
  readonly license?: string;
  readonly type?: number;
  readonly lines?: MachineProgramImage["lines"];
}

export function programImage(name: string, code: readonly Code[], options: TestOptions = {}): MachineProgramImage {
  return {
    name,
    section: "syscall",
    kind: "syscall",
    attachTo: "",
    type: options.type ?? ProgType.SYSCALL,
    code: encodeInstructions(code.flat()),
    functions: [0, ...(options.functions ?? [])].map((slot) => ({ slot, name: `function_${slot}` })),
    lines: options.lines ?? [],
  };
}

/** A machine of validated programs. `code` may ask where the maps are. */
export function machineOf(
  code: (maps: readonly MachineMapImage[]) => readonly (readonly Code[])[],
  options: TestOptions = {},
): Machine {
  const cpus = options.cpus ?? 2;
  const layout = new MemoryLayout();
  for (let cpu = 0; cpu < cpus; cpu++) reserveCpu(layout, cpu);
  const maps = (options.maps ?? []).map((spec) => planMap(spec, layout, cpus));
  const programs = code(maps).map((instructions, index) => programImage(`program_${index}`, instructions, options));
  const decoded = programs.map((program, index) => new MachineProgram(program, index));
  for (const program of decoded) validate(program);
  const { budget: instructionBudget = 1_000_000, maxRunMs = Infinity, heap, executor } = options;
  const image = assembleImage({ layout, cpus, maps, programs, instructionBudget, maxRunMs, heap, executor });
  const view = new ProgramMemory(image.memory.buffer, image.regions);
  const failures = new Failures();
  for (const program of decoded) checkCalls(program, options.license ?? "GPL", view, failures);
  failures.throwAny("load the object");
  return openMachine(image, options);
}

/** Runs one program with a writable context. */
export function run(
  code: readonly Code[],
  context: Uint8Array = new Uint8Array(0),
  options: TestOptions = {},
): MachineRunResult {
  return machineOf(() => [code], options).run(0, { bytes: context, writable: true }, task);
}

/** r0 of a program. */
export function result(code: readonly Code[], options: TestOptions = {}): bigint {
  return run(code, new Uint8Array(64), options).returnValue;
}

export function runWith(
  machine: Machine,
  context: Partial<RunContext> = {},
  who: Task = task,
  program = 0,
): MachineRunResult {
  return machine.run(program, { bytes: new Uint8Array(0), ...context }, who);
}

/** Bytes of the first value of a map. */
export function valueOf(machine: Machine, index: number): Uint8Array {
  const { address, valueSize } = machine.image.maps[index]!;
  return new Uint8Array(machine.image.memory.buffer, address, valueSize);
}

export const u64 = (value: bigint): bigint => BigInt.asUintN(64, value);
