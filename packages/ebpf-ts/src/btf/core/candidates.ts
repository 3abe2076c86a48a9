import type { Btf, BtfType } from "../types.ts";
import { sameKind } from "./compatible.ts";
import { essentialName } from "./relocation-kind.ts";
import { RelocationProblem } from "./relocation-problem.ts";

/** Whose types the relocated program will meet. */
export interface CoreTarget {
  /** Undefined where there are none; which matters once there is something to relocate. */
  readonly btf: Btf | undefined;
  /** Tables that extend it, of modules: they are asked for where the first has no type of the name. */
  readonly modules?: (() => readonly Btf[]) | undefined;
}

/** A type of the target that may be the one that the object means. */
export interface TargetType {
  readonly btf: Btf;
  readonly type: BtfType;
}

/**
 * All types of the target with the same name, flavors aside, and of the same kind. As in libbpf, those of one type of the object that did not
 * fit once, where another did, are not asked again: what is relocated by several accesses is meant to be one type.
 */
export class Candidates {
  readonly #local: Btf;
  readonly #btf: Btf;
  readonly #modules: CoreTarget["modules"];
  readonly #known = new Map<number, readonly TargetType[]>();

  constructor(local: Btf, btf: Btf, modules: CoreTarget["modules"]) {
    this.#local = local;
    this.#btf = btf;
    this.#modules = modules;
  }

  of(type: number): readonly TargetType[] {
    const known = this.#known.get(type) ?? this.#search(this.#local.type(type));
    this.#known.set(type, known);
    return known;
  }

  /** These are the ones that fit. */
  keep(type: number, fitting: readonly TargetType[]): void {
    if (fitting.length > 0) this.#known.set(type, fitting);
  }

  #search(local: BtfType): readonly TargetType[] {
    const name = "name" in local ? local.name : "";
    if (name === "") throw new RelocationProblem("an anonymous type cannot be found in another kernel");
    const own = candidatesIn(this.#btf, local, name);
    if (own.length > 0 || this.#modules === undefined) return own;
    return this.#modules().flatMap((btf) => candidatesIn(btf, local, name));
  }
}

function candidatesIn(btf: Btf, local: BtfType, name: string): readonly TargetType[] {
  const found = btf.findFlavors(essentialName(name)).filter((type) => sameKind(local, type));
  return found.map((type) => ({ btf, type }));
}
