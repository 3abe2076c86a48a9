import type { Btf } from "../types.ts";

/** One line or block of the header: that there is a type of that name, what a name stands for, or all that a type has. */
export interface PrintStep {
  readonly print: "forward" | "typedef" | "body";
  readonly id: number;
}

/** How much of a type has to stand before: its name, for a pointer; or all of it, for a value. */
type Need = "name" | "body";

/**
 * The order in which C wants types: what is contained before what contains it, names before their use. Without recursion: a table
 * may have a chain of 100,000 types.
 */
export class TypeOrder {
  readonly #btf: Btf;
  readonly #begun = new Set<string>();
  readonly #out: PrintStep[] = [];

  constructor(btf: Btf) {
    this.#btf = btf;
  }

  /** All types of the table that have a name, and enums without. */
  steps(): readonly PrintStep[] {
    for (let id = 1; id < this.#btf.length; id++) {
      const type = this.#btf.type(id);
      if (type.kind === "typedef") this.#run(this.#visit(id, "body"));
      else if ((type.kind === "struct" || type.kind === "union") && type.name !== "")
        this.#run(this.#visit(id, "body"));
      else if ((type.kind === "enum" || type.kind === "enum64") && type.name !== "") this.#run(this.#visit(id, "body"));
    }
    return this.#out;
  }

  #run(first: Generator<Generator>): void {
    const stack: Generator[] = [first];
    while (stack.length > 0) {
      const { done, value } = stack[stack.length - 1]!.next();
      if (done === true) stack.pop();
      else stack.push(value as Generator);
    }
  }

  #isFirst(key: string): boolean {
    if (this.#begun.has(key)) return false;
    this.#begun.add(key);
    return true;
  }

  *#visit(id: number, need: Need): Generator<Generator> {
    if (!this.#isFirst(`${id} ${need}`)) return;
    const type = this.#btf.type(id);
    switch (type.kind) {
      case "const":
      case "volatile":
      case "restrict":
      case "type_tag":
        yield this.#visit(type.type, need);
        return;
      case "ptr":
        yield this.#visit(type.type, "name");
        return;
      case "array":
        // Also where it is only pointed at, its elements have a size.
        yield this.#visit(type.type, "body");
        return;
      case "func_proto":
        yield this.#visit(type.returnType, "name");
        for (const parameter of type.parameters) yield this.#visit(parameter.type, "name");
        return;
      case "typedef":
        yield this.#visit(type.type, "name");
        if (this.#isFirst(`${id} typedef`)) this.#out.push({ print: "typedef", id });
        if (need === "body") yield this.#visit(type.type, "body");
        return;
      case "fwd":
        this.#out.push({ print: "forward", id });
        return;
      case "enum":
      case "enum64":
        if (type.name !== "" && this.#isFirst(`${id} enum`)) this.#out.push({ print: "body", id });
        return;
      case "struct":
      case "union":
        if (type.name !== "" && need === "name") {
          if (this.#isFirst(`${id} forward`)) this.#out.push({ print: "forward", id });
          return;
        }
        // Without a name it has its body wherever it stands.
        for (const member of type.members) yield this.#visit(member.type, "body");
        if (type.name !== "") this.#out.push({ print: "body", id });
        return;
      default:
    }
  }
}
