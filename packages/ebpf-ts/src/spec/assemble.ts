import { applyCoreRelocations } from "../btf/core/core-relocation.ts";
import type { Btf } from "../btf/types.ts";
import { EbpfError } from "../base/errors.ts";
import type { Instruction } from "../insn/instruction.ts";
import type { CollectionSpec, FunctionSpec, AssembledProgram, ProgramSpec, Reference } from "./types.ts";

/** Where the program is to run: types of the kernel, for CO-RE. */
export interface AssembleTarget {
  readonly btf: Btf;
}

/**
 * Makes one piece of code of a program and all functions that it reaches. They follow in libbpf's order
 * (`bpf_object__reloc_code`): each when it is first referred to, and what it refers to right after it, in depth first.
 * The spec is not changed.
 */
export function assemble(spec: CollectionSpec, program: ProgramSpec, target?: AssembleTarget): AssembledProgram {
  const linker = new Linker(spec, program.name, target);
  linker.add(program);
  return linker.finish();
}

type FunctionReference = Extract<Reference, { kind: "call" | "function" }>;

/** A function whose references are being followed. */
interface Visit {
  readonly start: number;
  readonly references: readonly FunctionReference[];
  next: number;
}

class Linker {
  readonly #spec: CollectionSpec;
  readonly #target: AssembleTarget | undefined;
  readonly #known: ReadonlyMap<string, FunctionSpec>;
  readonly #starts = new Map<string, number>();
  readonly #assembled: AssembledProgram;

  constructor(spec: CollectionSpec, name: string, target: AssembleTarget | undefined) {
    this.#spec = spec;
    this.#target = target;
    this.#known = new Map([...spec.programs, ...spec.functions].map((fn) => [fn.name, fn]));
    this.#assembled = { name, instructions: [], references: [], functions: [], lines: [] };
  }

  /** With a stack of its own: a chain of functions may be longer than JavaScript's. */
  add(program: FunctionSpec): void {
    const stack = [this.#append(program)];
    for (let visit = stack.at(-1); visit !== undefined; visit = stack.at(-1)) {
      const reference = visit.references[visit.next];
      if (reference === undefined) {
        stack.pop();
        continue;
      }
      const start = this.#starts.get(reference.function);
      if (start === undefined) {
        stack.push(this.#append(this.#find(reference.function)));
        continue;
      }
      visit.next += 1;
      // Both kinds count from the slot after the one that holds the distance.
      const slot = visit.start + reference.slot;
      (this.#assembled.instructions[slot] as Instruction).imm = start - slot - 1;
    }
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

  #append(fn: FunctionSpec): Visit {
    const { instructions, references, functions, lines } = this.#assembled;
    const start = instructions.length;
    this.#starts.set(fn.name, start);
    for (const instruction of this.#relocated(fn)) instructions.push(instruction);
    functions.push({ slot: start, name: fn.name, btfFunction: fn.btfFunction });
    for (const line of fn.lines) lines.push({ ...line, slot: start + line.slot });

    const toFollow: FunctionReference[] = [];
    for (const reference of fn.references) {
      if (fn.instructions[reference.slot] === undefined) {
        throw new EbpfError(
          "BAD_OBJECT",
          `Cannot assemble program ${this.#assembled.name}: function ${fn.name} has a reference at slot ${reference.slot}, outside of it`,
        );
      }
      if (reference.kind === "call" || reference.kind === "function") toFollow.push(reference);
      else references.push({ ...reference, slot: start + reference.slot });
    }
    toFollow.sort((a, b) => a.slot - b.slot);
    return { start, references: toFollow, next: 0 };
  }

  /** A copy of the function's code, with the offsets of kernel structures as the target has them. */
  #relocated(fn: FunctionSpec): Instruction[] {
    const instructions = fn.instructions.map((instruction) => ({ ...instruction }));
    if (fn.coreRelocations.length === 0) return instructions;
    const { btf } = this.#spec;
    if (btf === undefined)
      throw new EbpfError(
        "BAD_OBJECT",
        `Cannot assemble program ${this.#assembled.name}: function ${fn.name} has CO-RE relocations, and the object has no BTF`,
      );
    const { name } = this.#assembled;
    applyCoreRelocations(
      instructions,
      fn.coreRelocations,
      btf,
      this.#target?.btf,
      fn.name === name ? `program ${name}` : `function ${fn.name} of program ${name}`,
    );
    return instructions;
  }
}
