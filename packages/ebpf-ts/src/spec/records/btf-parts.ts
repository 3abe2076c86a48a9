import { hasValue } from "../../btf/layout.ts";
import type { Btf } from "../../btf/types.ts";

/** As the kernel: nothing nests deeper. */
const deepest = 32;
/** Steps that a question may take: types of the kernel are large. */
const mostSteps = 10_000;

/**
 * Ids of what begins at an offset in a type, outermost first, the type itself among them. An unknown offset (NaN) is that of any element of
 * any array in it.
 */
export function partsAt(btf: Btf, type: number, offset: number): number[] {
  const parts: number[] = [];
  const work = { left: mostSteps };
  if (hasValue(btf, type)) addParts(btf, type, offset, 0, parts, work);
  return parts;
}

function addParts(btf: Btf, id: number, wanted: number, depth: number, parts: number[], work: { left: number }): void {
  work.left -= 1;
  if (depth > deepest || work.left < 0) return;
  const isAnywhere = Number.isNaN(wanted);
  if (wanted === 0 || isAnywhere) parts.push(id);
  const type = btf.resolve(id);
  if (type.kind === "array") {
    const size = btf.sizeOf(type.type);
    if (isAnywhere) addParts(btf, type.type, wanted, depth + 1, parts, work);
    else if (wanted < size * type.length) addParts(btf, type.type, wanted % size, depth + 1, parts, work);
  } else if (type.kind === "struct" || type.kind === "union") {
    for (const member of type.members) {
      if (member.bitSize !== 0 || !hasValue(btf, member.type)) continue;
      const start = member.bitOffset / 8;
      if (isAnywhere) addParts(btf, member.type, wanted, depth + 1, parts, work);
      else if (wanted >= start && wanted < start + btf.sizeOf(member.type))
        addParts(btf, member.type, wanted - start, depth + 1, parts, work);
    }
  }
}
