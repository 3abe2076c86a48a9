/** Copies some types of a BTF, with all that they consist of, into a small one. */
import { BtfBuilder, type Btf, type BtfComposite } from "ebpf-ts/btf";

/** Names stay, and layout; typedefs, qualifiers, the values of enums and what pointers point at do not. */
export function extractTypes(btf: Btf, names: readonly string[]): Uint8Array {
  const copy = new TypeCopy(btf);
  for (const name of names) copy.add(findStruct(btf, name).id);
  return copy.builder.bytes();
}

/** The struct or union of that name. */
export function findStruct(btf: Btf, name: string): BtfComposite {
  for (const type of btf.find(name)) if (type.kind === "struct" || type.kind === "union") return type;
  throw new Error(`There is no struct or union ${name}`);
}

class TypeCopy {
  readonly builder = new BtfBuilder();
  readonly #btf: Btf;
  readonly #copied = new Map<number, number>();

  constructor(btf: Btf) {
    this.#btf = btf;
  }

  /** Gives the id in the copy. What a type consists of comes before it. */
  add(id: number): number {
    const type = this.#btf.resolve(id);
    const known = this.#copied.get(type.id);
    if (known !== undefined) return known;
    const copied = this.#copy(type);
    this.#copied.set(type.id, copied);
    return copied;
  }

  #copy(type: ReturnType<Btf["type"]>): number {
    switch (type.kind) {
      case "int":
        return this.builder.add(type);
      case "ptr":
        return this.builder.pointer(0);
      case "enum":
        return this.builder.int(type.name, type.size, type.signed ? "signed" : "unsigned");
      case "array":
        return this.builder.array(this.add(type.type), type.length, this.add(type.indexType));
      case "struct":
      case "union": {
        const members = type.members.map((member) => ({ ...member, type: this.add(member.type) }));
        return this.builder.add({ ...type, members });
      }
      default:
        throw new Error(`A struct of the kernel's interface has a ${type.kind} in it`);
    }
  }
}
