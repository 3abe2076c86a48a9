import type { Btf } from "../../btf/types.ts";

/** The same for types of both tables: numbers, and arrays of them, are not the same entry there. */
export function typeKey(btf: Btf, id: number): string {
  const type = btf.resolve(id);
  switch (type.kind) {
    case "int":
      return `${type.encoding} ${type.size}`;
    case "ptr":
      return "pointer";
    case "array":
      return `${typeKey(btf, type.type)}[${type.length}]`;
    case "enum":
    case "enum64":
      return `enum ${type.name} ${type.size}`;
    default:
      return `${type.id}`;
  }
}
