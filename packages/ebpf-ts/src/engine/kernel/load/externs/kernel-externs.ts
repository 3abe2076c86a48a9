import { EbpfError, NotSupportedError } from "../../../../base/errors.ts";
import type { Instruction } from "../../../../insn/instruction.ts";
import { CALL, CallKind, ImmKind } from "../../../../insn/opcodes.ts";
import type { FilledKconfig } from "../../../../spec/fill-kconfig.ts";
import type { CollectionSpec, ExternReference, VariableSpec } from "../../../../spec/types.ts";

/** What stands in the running kernel for a symbol of an object. One that it does not have is none. */
export type KernelSymbol =
  | { readonly kind: "address"; readonly address: bigint }
  /** A function or variable, by its type id in the kernel's BTF, or in that of a module. */
  | { readonly kind: "typed"; readonly id: number; readonly module?: ModuleSymbol | undefined }
  /** It is there, with another type. */
  | { readonly kind: "other" }
  | { readonly kind: "hidden" | "ambiguous" }
  /** Nobody can tell. */
  | { readonly kind: "unknown"; readonly error: EbpfError };

/** Where a symbol of a module is found. */
export interface ModuleSymbol {
  readonly name: string;
  /** Of the module's BTF. */
  readonly fd: number;
}

/**
 * Numbers that no helper has, from which libbpf's count up: the verifier says "invalid func unknown#2002000001" where the call of a
 * weak function that is not there can be reached.
 */
const poisonBase = 2_002_000_000;
const mostPoisoned = 1_000_000;

/** The helper that stands for the call of a kernel function which is not there. */
export function isPoisonedCall(helper: number): boolean {
  return helper >= poisonBase && helper < poisonBase + mostPoisoned;
}

/** All that an object wants of the running kernel, found or not. */
export class KernelExterns {
  /** With the settings filled in. */
  readonly spec: CollectionSpec;
  readonly #missing: FilledKconfig["missing"];
  readonly #unread: string | undefined;
  readonly #symbols: ReadonlyMap<string, KernelSymbol>;
  readonly #settings: ReadonlyMap<string, VariableSpec>;
  readonly #poison: ReadonlyMap<string, number>;
  /** `fd_array` of BPF_PROG_LOAD: calls name the module by its place there. The first place is nobody's. */
  readonly #moduleFds: readonly number[];

  constructor(
    { spec, missing }: FilledKconfig,
    unread: string | undefined,
    symbols: ReadonlyMap<string, KernelSymbol>,
  ) {
    this.spec = spec;
    this.#missing = missing;
    this.#unread = unread;
    this.#symbols = symbols;
    const settings = spec.variables.filter(({ extern }) => extern !== undefined);
    this.#settings = new Map(settings.map((variable) => [variable.name, variable]));
    // In libbpf's order, since the number counts in a program's tag: settings come first.
    const names = symbolNames(spec);
    this.#poison = new Map(names.map((name, index) => [name, poisonBase + settings.length + index]));
    const modules = names.map((name) => symbols.get(name)).flatMap((symbol) => moduleOf(symbol)?.fd ?? []);
    this.#moduleFds = modules.length === 0 ? [] : [0, ...new Set(modules)];
  }

  /** Descriptors of the BTF of modules whose functions are called, as BPF_PROG_LOAD takes them (Linux 5.14); empty when there are none. */
  get moduleFds(): readonly number[] {
    return this.#moduleFds;
  }

  /** Why a program cannot have it; undefined if it can. */
  refusal(program: string, reference: ExternReference): EbpfError | undefined {
    return reference.section === ".kconfig"
      ? this.#settingRefusal(program, reference)
      : this.#symbolRefusal(program, reference);
  }

  /** Where a setting stands in the map `.kconfig`. */
  offsetOf(program: string, { name }: ExternReference): number {
    const variable = this.#settings.get(name);
    if (variable !== undefined) return variable.offset;
    throw new EbpfError(
      "NOT_FOUND",
      `Cannot load program ${program}: it uses the kernel's setting ${name}, which the variables of the spec do not have`,
    );
  }

  /** Writes what stands for a symbol into the instruction that refers to it: 0 for one that is not there, and a call that nobody may reach. */
  putSymbol({ name }: ExternReference, low: Instruction, high: Instruction | undefined): void {
    const symbol = this.#symbols.get(name);
    const id = symbol?.kind === "typed" ? symbol.id : undefined;
    if (low.opcode === CALL) {
      if (id === undefined)
        Object.assign(low, { dst: 0, src: CallKind.HELPER, offset: 0, imm: this.#poison.get(name) });
      else Object.assign(low, { dst: 0, src: CallKind.KFUNC, offset: this.#placeOf(symbol), imm: id });
      return;
    }
    const address = symbol?.kind === "address" ? symbol.address + BigInt(low.imm) : 0n;
    low.src = id === undefined ? ImmKind.VALUE : ImmKind.BTF_ID;
    low.imm = id ?? Number(BigInt.asIntN(32, address));
    if (high !== undefined) high.imm = moduleOf(symbol)?.fd ?? Number(BigInt.asIntN(32, address >> 32n));
  }

  #placeOf(symbol: KernelSymbol | undefined): number {
    const module = moduleOf(symbol);
    return module === undefined ? 0 : this.#moduleFds.indexOf(module.fd);
  }

  #settingRefusal(program: string, { name, weak }: ExternReference): EbpfError | undefined {
    if (!this.#missing.has(name)) return undefined;
    const why = this.#missing.get(name);
    const what = `Cannot load program ${program}: it needs the kernel's setting ${name}`;
    if (why !== undefined) return new NotSupportedError(name, `${what}, and ${why}`);
    if (weak) return undefined;
    const isOfConfig = name.startsWith("CONFIG_");
    const state = isOfConfig
      ? (this.#unread ?? "this kernel's configuration does not have it")
      : "it is none that there is";
    return new NotSupportedError(
      name,
      `${what}, and ${state}: declare it __weak, or give it to load() in the option kconfig`,
    );
  }

  #symbolRefusal(program: string, { name, weak, type }: ExternReference): EbpfError | undefined {
    const symbol = this.#symbols.get(name);
    if (symbol?.kind === "address" || symbol?.kind === "typed") return undefined;
    const what = `Cannot load program ${program}: it needs ${name} of the kernel`;
    if (symbol?.kind === "ambiguous")
      return new NotSupportedError(name, `${what}, and this kernel has several of that name`);
    if (weak) return undefined;
    switch (symbol?.kind) {
      case undefined: {
        const where = type === 0 ? "/proc/kallsyms" : "its BTF, and that of its modules";
        return new NotSupportedError(name, `${what}, which this kernel does not have (${where}): declare it __weak`);
      }
      case "other":
        return new NotSupportedError(name, `${what}, which this kernel has with another type: declare it __weak`);
      case "hidden":
        return new EbpfError(
          "NO_PRIVILEGE",
          `${what}, and the kernel hides its addresses: it takes CAP_SYSLOG, or the settings kernel.kptr_restrict = 0 and kernel.perf_event_paranoid = 1`,
        );
      case "unknown":
        return new NotSupportedError(name, `${what}: ${symbol.error.message}`);
    }
  }
}

function moduleOf(symbol: KernelSymbol | undefined): ModuleSymbol | undefined {
  return symbol?.kind === "typed" ? symbol.module : undefined;
}

/** Of all code, also of what is not loaded; by their bytes. */
function symbolNames({ programs, functions }: CollectionSpec): string[] {
  const names = new Set<string>();
  for (const { references } of [...programs, ...functions])
    for (const reference of references)
      if (reference.kind === "extern" && reference.section === ".ksyms") names.add(reference.name);
  return [...names].sort();
}
