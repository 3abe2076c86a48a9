import type { Btf } from "./types.ts";

/** Function pointers can nest without end in a broken table: after this many parts, or letters, a name ends in `…`. */
const maxParts = 256;
const maxLength = 4096;

interface Budget {
  parts: number;
}

/** The type as C declares it: `struct event *`, `char[16]`, `int (*)(void *, int)`. */
export function nameOfType(btf: Btf, id: number): string {
  return declare(btf, id, "", { parts: maxParts });
}

/** Builds from the inside out, as C reads: `inner` is what stands at the place of the declared name. */
function declare(btf: Btf, id: number, inner: string, budget: Budget): string {
  budget.parts -= 1;
  if (budget.parts < 0 || inner.length > maxLength) return join("…", inner.slice(0, maxLength));
  const type = btf.type(id);
  switch (type.kind) {
    case "void":
      return join("void", inner);
    case "ptr":
      return declare(btf, type.type, bindsTighter(btf, type.type) ? `(*${inner})` : `*${inner}`, budget);
    case "const":
    case "volatile":
    case "restrict":
      return qualify(btf, type.kind, type.type, inner, budget);
    case "array":
      return declare(btf, type.type, `${inner}[${type.length}]`, budget);
    case "func_proto": {
      const parameters: string[] = [];
      for (const parameter of type.parameters) {
        // A last parameter without type is an ellipsis.
        parameters.push(parameter.type === 0 ? "..." : declare(btf, parameter.type, "", budget));
        if (budget.parts < 0) break;
      }
      return declare(btf, type.returnType, `${inner}(${parameters.join(", ").slice(0, maxLength) || "void"})`, budget);
    }
    case "func":
    case "var":
      return declare(btf, type.type, inner + cut(type.name), budget);
    case "type_tag":
      return declare(btf, type.type, inner, budget);
    case "struct":
    case "union":
      return join(type.name === "" ? `${type.kind} {…}` : `${type.kind} ${cut(type.name)}`, inner);
    case "enum":
    case "enum64":
      return join(type.name === "" ? "enum {…}" : `enum ${cut(type.name)}`, inner);
    case "fwd":
      return join(`${type.of} ${cut(type.name)}`, inner);
    case "unknown":
      return join(type.name === "" ? `(kind ${type.number})` : cut(type.name), inner);
    case "int":
    case "float":
    case "typedef":
    case "datasec":
    case "decl_tag":
      return join(cut(type.name), inner);
  }
}

/** A qualified pointer has its qualifier behind the star, everything else in front. */
function qualify(btf: Btf, qualifier: string, target: number, inner: string, budget: Budget): string {
  let pointer = btf.type(target);
  let words = qualifier;
  while (pointer.kind === "const" || pointer.kind === "volatile" || pointer.kind === "restrict") {
    words += ` ${pointer.kind}`;
    pointer = btf.type(pointer.type);
    budget.parts -= 1;
    if (budget.parts < 0) return join("…", inner);
  }
  if (pointer.kind !== "ptr") return `${words} ${declare(btf, pointer.id, inner, budget)}`;
  const star = `*${join(words, inner)}`;
  return declare(btf, pointer.type, bindsTighter(btf, pointer.type) ? `(${star})` : star, budget);
}

function bindsTighter(btf: Btf, id: number): boolean {
  const kind = btf.type(id).kind;
  return kind === "array" || kind === "func_proto";
}

function join(left: string, right: string): string {
  return right === "" || right.startsWith("[") ? left + right : `${left} ${right}`;
}

function cut(name: string): string {
  return name.length > maxLength ? `${name.slice(0, maxLength)}…` : name;
}
