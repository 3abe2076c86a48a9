import { EbpfError } from "../base/errors.ts";
import { findCycles } from "./find-cycles.ts";
import { hasValue, valueKinds } from "./layout.ts";
import type {
  Btf,
  BtfArray,
  BtfComposite,
  BtfDataSection,
  BtfFunctionPrototype,
  BtfKind,
  BtfMember,
  BtfType,
} from "./types.ts";

/**
 * - `skip`: of a kind that is not known, so that nothing can be said of it
 * - `part`: the kernel would refuse it, and what is sound of it can be read: members and elements without a value are left out
 * - `all`: nothing of it can be relied on
 */
export type FaultDepth = "skip" | "part" | "all";

export type ReportFault = (type: BtfType, what: string, depth: FaultDepth) => void;

/**
 * Looks for everything in a table that the kernel would refuse (its btf.c): references that lead nowhere, or to kinds that may not stand
 * there, types that contain themselves, members outside their structs. Decodes all types. Whoever is told of an `all` hides that type,
 * or throws: it is not to be met again.
 */
export function findFaults(btf: Btf, report: ReportFault): void {
  const finder = new FaultFinder(btf, report);
  for (let id = 1; id < btf.length; id++) finder.checkReferences(btf.type(id));
  findCycles(btf, (id, what) => report(btf.type(id), what, "all"));
  // Sizes only now: they follow references, which a cycle would make endless.
  for (let id = 1; id < btf.length; id++) finder.checkSizes(btf.type(id));
}

const prototypes: ReadonlySet<BtfKind> = new Set<BtfKind>(["func_proto"]);
const variables: ReadonlySet<BtfKind> = new Set<BtfKind>(["var", "func"]);
const noTargets: ReadonlySet<BtfKind> = new Set<BtfKind>(["var", "datasec", "func", "decl_tag"]);

class FaultFinder {
  readonly #btf: Btf;
  readonly #report: ReportFault;

  constructor(btf: Btf, report: ReportFault) {
    this.#btf = btf;
    this.#report = report;
  }

  checkReferences(type: BtfType): void {
    switch (type.kind) {
      case "int":
        this.#checkName(type);
        if (type.bits > 128 || type.bits > type.size * 8 || type.bitOffset + type.bits > type.size * 8)
          this.#report(type, `has ${type.bits} bits, which do not fit its ${type.size} bytes`, "all");
        else if (type.size === 0) this.#report(type, "has no bytes", "part");
        break;
      case "ptr":
      case "const":
      case "volatile":
      case "restrict":
      case "type_tag":
        this.#checkTarget(type, type.type);
        break;
      case "typedef":
        this.#checkName(type);
        this.#checkTarget(type, type.type);
        break;
      case "array":
        if (this.#checkKind(type, type.type, valueKinds, "its element"))
          this.#checkKind(type, type.indexType, valueKinds, "its index");
        break;
      case "struct":
      case "union":
        for (const { type: id, name } of type.members)
          if (!this.#checkKind(type, id, valueKinds, `its member ${name}`)) break;
        break;
      case "enum":
      case "enum64":
        if (![1, 2, 4, 8].includes(type.size))
          this.#report(type, `has the impossible size of ${type.size} bytes`, "part");
        break;
      case "fwd":
        this.#checkName(type);
        break;
      case "func":
        this.#checkName(type);
        this.#checkKind(type, type.type, prototypes, "its prototype", "all");
        break;
      case "func_proto":
        this.#checkPrototype(type);
        break;
      case "var":
        this.#checkName(type);
        // The extern variables of an object may be functions, or `void`.
        if (type.linkage !== "extern") this.#checkKind(type, type.type, valueKinds, "its type");
        else this.#checkTarget(type, type.type);
        break;
      case "datasec":
        this.#checkName(type);
        this.#checkSection(type);
        break;
      case "float":
        this.#checkName(type);
        if (![2, 4, 8, 12, 16].includes(type.size))
          this.#report(type, `has the impossible size of ${type.size} bytes`, "part");
        break;
      case "decl_tag":
        if (type.type === 0) this.#report(type, "tags nothing", "part");
        this.#checkRange(type, type.type, "what it tags");
        break;
      case "unknown":
        this.#report(type, `is of kind ${type.number}, in a form that is not known`, "skip");
        break;
      case "void":
        this.#report(type, "is no record", "all");
        break;
      default:
        void (type satisfies never);
    }
  }

  checkSizes(type: BtfType): void {
    if (type.kind === "struct" || type.kind === "union") {
      for (const member of type.members) if (!this.#checkMember(type, member)) return;
    } else if (type.kind === "array") {
      this.#checkArray(type);
    } else if (type.kind === "datasec" && type.size !== 0) {
      const outside = type.variables.find(({ offset, size }) => offset + size > type.size);
      if (outside !== undefined)
        this.#report(type, `has variable ${outside.type} outside of its ${type.size} bytes`, "all");
    }
  }

  /** A last parameter without type and name is an ellipsis. */
  #checkPrototype(type: BtfFunctionPrototype): void {
    if (type.returnType !== 0 && !this.#checkKind(type, type.returnType, valueKinds, "what it returns")) return;
    for (const [index, parameter] of type.parameters.entries()) {
      const last = index === type.parameters.length - 1;
      if (parameter.type === 0 && last && parameter.name === "") continue;
      if (!this.#checkKind(type, parameter.type, valueKinds, `its parameter ${index + 1}`)) return;
    }
  }

  #checkSection(type: BtfDataSection): void {
    for (const { type: id } of type.variables) {
      if (!this.#checkRange(type, id, "a variable")) return;
      // Extern functions (kfuncs) stand in sections too.
      if (variables.has(this.#btf.type(id).kind)) continue;
      this.#report(type, `holds type ${id}, which is no variable`, "all");
      return;
    }
  }

  #checkTarget(type: BtfType, target: number): void {
    if (!this.#checkRange(type, target, "what it refers to")) return;
    const { kind } = this.#btf.type(target);
    if (noTargets.has(kind)) this.#report(type, `refers to type ${target}, which is ${aKind(kind)}`, "all");
  }

  /** False when the type cannot be relied on, so that there is no use in looking further. */
  #checkKind(
    type: BtfType,
    target: number,
    kinds: ReadonlySet<BtfKind>,
    what: string,
    depth: FaultDepth = "part",
  ): boolean {
    if (!this.#checkRange(type, target, what)) return false;
    const { kind } = this.#btf.type(target);
    if (kinds.has(kind)) return true;
    this.#report(type, `has ${what} of type ${target}, which is ${aKind(kind)}`, depth);
    return depth !== "all";
  }

  #checkRange(type: BtfType, target: number, what: string): boolean {
    if (target < this.#btf.length) return true;
    this.#report(type, `has ${what} of type ${target}, while the last type is ${this.#btf.length - 1}`, "all");
    return false;
  }

  #checkName(type: BtfType & { readonly name: string }): void {
    if (type.name === "") this.#report(type, "has no name", "part");
  }

  #checkArray(type: BtfArray): void {
    if (!this.#checkSized(type, type.type)) return;
    const index = this.#btf.resolve(type.indexType);
    if (index.kind !== "int")
      this.#report(type, `is indexed by type ${index.id}, which is ${aKind(index.kind)}`, "part");
    try {
      this.#btf.sizeOf(type.id);
    } catch (error) {
      this.#report(type, error instanceof EbpfError ? error.message : String(error), "part");
    }
  }

  #checkMember(type: BtfComposite, member: BtfMember): boolean {
    if (!this.#checkSized(type, member.type) || !hasValue(this.#btf, member.type)) return true;
    const what = this.#memberFault(type, member);
    if (what !== undefined) this.#report(type, what, "all");
    return what === undefined;
  }

  #memberFault(type: BtfComposite, member: BtfMember): string | undefined {
    const own = this.#btf.resolve(member.type);
    const integer = own.kind === "int" || own.kind === "enum" || own.kind === "enum64";
    if (member.bitSize !== 0 && (!integer || member.bitSize > own.size * 8))
      return `has the impossible bitfield ${member.name}`;
    const whole = own.kind === "int" ? own.bitOffset + own.bits : this.#btf.sizeOf(own.id) * 8;
    if (!integer && member.bitOffset % 8 !== 0) return `has its member ${member.name} between two bytes`;
    if (member.bitOffset + (member.bitSize || whole) > type.size * 8)
      return `has its member ${member.name} outside of its ${type.size} bytes`;
    return undefined;
  }

  /** Told already where it is no value before typedefs and qualifiers are followed. */
  #checkSized(type: BtfType, target: number): boolean {
    const own = this.#btf.resolve(target);
    if (valueKinds.has(own.kind)) return true;
    if (valueKinds.has(this.#btf.type(target).kind))
      this.#report(type, `contains type ${own.id}, which is ${aKind(own.kind)}`, "part");
    return false;
  }
}

function aKind(kind: BtfKind): string {
  return kind === "unknown" ? "of no known kind" : `a ${kind}`;
}
