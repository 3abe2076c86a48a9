import { EbpfError } from "../../base/errors.ts";
import { atOnce, type Sliced } from "../../base/slices.ts";
import type { Absence, Relocator } from "../../btf/core/relocator.ts";
import type { Btf } from "../../btf/types.ts";
import type { Instruction } from "../../insn/instruction.ts";
import { mostInstructions } from "../limits.ts";
import { exceptionCallbacks } from "./exception-callbacks.ts";
import type { CollectionSpec, FunctionSpec, AssembledProgram, ProgramSpec, Reference } from "../types.ts";

/** Makes the code of one object fit the types of a target (CO-RE). Handed in, since many an object has nothing to relocate. */
export type StartRelocation = (local: Btf) => Pick<Relocator, "applying">;

/** A function's code as the target has it. */
interface RelocatedFunction {
  readonly instructions: readonly Instruction[];
  readonly absent: readonly Absence[];
}

/** Assembles programs of one spec: what they have in common is looked at once. The spec must not change meanwhile. */
export class Assembler {
  readonly #spec: CollectionSpec;
  readonly #start: StartRelocation | undefined;
  readonly #callbacks: ReadonlyMap<number, string>;
  #relocator: ReturnType<StartRelocation> | undefined;
  readonly #known: ReadonlyMap<string, FunctionSpec>;
  /** Code of functions with CO-RE relocations, as the target has it: the same in every program. */
  readonly #relocated = new Map<FunctionSpec, RelocatedFunction>();

  /** `start` may be missing where nothing of the spec has relocations. */
  constructor(spec: CollectionSpec, start?: StartRelocation) {
    this.#spec = spec;
    this.#start = start;
    this.#callbacks = exceptionCallbacks(spec.btf);
    this.#known = new Map([...spec.programs, ...spec.functions].map((fn) => [fn.name, fn]));
  }

  assemble(program: ProgramSpec): AssembledProgram {
    return atOnce(this.assembling(program));
  }

  /** The same in slices. */
  *assembling(program: ProgramSpec): Sliced<AssembledProgram> {
    const assembly = new Assembly(program.name, this.#known, (fn, where) => this.#codeOf(fn, where));
    yield* assembly.add(program);
    const callback = this.#callbacks.get(program.btfFunction);
    if (callback !== undefined) yield* assembly.addCallback(callback);
    return assembly.finish();
  }

  /** The programs, and the functions that they reach, in no order. `check` is called for each before anything of it is looked at. */
  reach(programs: readonly ProgramSpec[], check: (fn: FunctionSpec) => void = () => {}): ReadonlySet<FunctionSpec> {
    const starts: ReadonlySet<FunctionSpec> = new Set(programs);
    const reached = new Set(starts);
    for (const fn of reached) {
      check(fn);
      const callback = starts.has(fn) ? this.#known.get(this.#callbacks.get(fn.btfFunction) ?? "") : undefined;
      if (callback !== undefined) reached.add(callback);
      for (const reference of fn.references) {
        const next = isFunctionReference(reference) ? this.#known.get(reference.function) : undefined;
        if (next !== undefined) reached.add(next);
      }
    }
    return reached;
  }

  /** Instructions of the assembled program, without assembling it. */
  sizeOf(program: ProgramSpec): number {
    let size = 0;
    for (const { instructions } of this.reach([program])) size += instructions.length;
    return size;
  }

  *#codeOf(fn: FunctionSpec, where: string): Sliced<RelocatedFunction> {
    if (fn.coreRelocations.length === 0) return { instructions: fn.instructions, absent: [] };
    const known = this.#relocated.get(fn) ?? (yield* this.#relocate(fn, where));
    this.#relocated.set(fn, known);
    return known;
  }

  *#relocate(fn: FunctionSpec, where: string): Sliced<RelocatedFunction> {
    const { btf } = this.#spec;
    if (btf === undefined)
      throw new EbpfError(
        "BAD_OBJECT",
        `Cannot assemble ${where}: it has CO-RE relocations, and the object has no BTF`,
      );
    this.#relocator ??= this.#start?.(btf);
    if (this.#relocator === undefined) throw new TypeError(`Cannot assemble ${where}: nobody relocates it`);
    const instructions = fn.instructions.map((instruction) => ({ ...instruction }));
    const { coreRelocations: relocations, lines } = fn;
    return { instructions, absent: yield* this.#relocator.applying({ instructions, relocations, lines, where }) };
  }
}

type FunctionReference = Extract<Reference, { kind: "call" | "function" }>;

function isFunctionReference(reference: Reference): reference is FunctionReference {
  return reference.kind === "call" || reference.kind === "function";
}

/** A function whose references are being followed. */
interface Visit {
  readonly start: number;
  readonly references: readonly FunctionReference[];
  next: number;
}

/** One program in the making. */
class Assembly {
  readonly #known: ReadonlyMap<string, FunctionSpec>;
  readonly #codeOf: (fn: FunctionSpec, where: string) => Sliced<RelocatedFunction>;
  readonly #starts = new Map<string, number>();
  readonly #assembled: AssembledProgram;

  constructor(
    name: string,
    known: ReadonlyMap<string, FunctionSpec>,
    codeOf: (fn: FunctionSpec, where: string) => Sliced<RelocatedFunction>,
  ) {
    this.#known = known;
    this.#codeOf = codeOf;
    this.#assembled = { name, instructions: [], references: [], functions: [], lines: [], absent: [] };
  }

  /** With a stack of its own: a chain of functions may be longer than JavaScript's. */
  *add(program: FunctionSpec): Sliced<void> {
    const stack = [yield* this.#append(program)];
    for (let visit = stack.at(-1); visit !== undefined; visit = stack.at(-1)) {
      const reference = visit.references[visit.next];
      if (reference === undefined) {
        stack.pop();
        continue;
      }
      const start = this.#starts.get(reference.function);
      if (start === undefined) {
        stack.push(yield* this.#append(this.#find(reference.function)));
        continue;
      }
      visit.next += 1;
      // Both kinds count from the slot after the one that holds the distance.
      const slot = visit.start + reference.slot;
      (this.#assembled.instructions[slot] as Instruction).imm = start - slot - 1;
    }
  }

  /** Of exceptions: nothing refers to it, and it comes last. */
  *addCallback(name: string): Sliced<void> {
    if (!this.#starts.has(name)) yield* this.add(this.#find(name));
  }

  finish(): AssembledProgram {
    this.#assembled.references.sort((a, b) => a.slot - b.slot);
    return this.#assembled;
  }

  #find(name: string): FunctionSpec {
    const fn = this.#known.get(name);
    if (fn === undefined)
      throw new EbpfError(
        "NOT_FOUND",
        `Cannot assemble program ${this.#assembled.name}: the object has no function ${name}`,
      );
    return fn;
  }

  *#append(fn: FunctionSpec): Sliced<Visit> {
    yield;
    const { instructions, references, functions, lines, absent } = this.#assembled;
    const start = instructions.length;
    this.#starts.set(fn.name, start);
    const { instructions: code, absent: missing } = yield* this.#codeOf(fn, this.#placeOf(fn));
    if (start + code.length > mostInstructions) throw this.#tooBig();
    for (const instruction of code) instructions.push({ ...instruction });
    functions.push({ slot: start, name: fn.name, btfFunction: fn.btfFunction });
    for (const line of fn.lines) lines.push({ ...line, slot: start + line.slot });
    for (const { slot, part } of missing) absent.push({ slot: start + slot, part });

    const toFollow: FunctionReference[] = [];
    for (const reference of fn.references) {
      if (fn.instructions[reference.slot] === undefined) {
        throw new EbpfError(
          "BAD_OBJECT",
          `Cannot assemble program ${this.#assembled.name}: function ${fn.name} has a reference at slot ${reference.slot}, outside of it`,
        );
      }
      if (isFunctionReference(reference)) toFollow.push(reference);
      else references.push({ ...reference, slot: start + reference.slot });
    }
    toFollow.sort((a, b) => a.slot - b.slot);
    return { start, references: toFollow, next: 0 };
  }

  #placeOf(fn: FunctionSpec): string {
    const { name } = this.#assembled;
    return fn.name === name ? `program ${name}` : `function ${fn.name} of program ${name}`;
  }

  #tooBig(): EbpfError {
    return new EbpfError(
      "TOO_BIG",
      `Cannot assemble program ${this.#assembled.name}: with the functions that it reaches it has more than ${mostInstructions} instructions, which no kernel takes`,
    );
  }
}
