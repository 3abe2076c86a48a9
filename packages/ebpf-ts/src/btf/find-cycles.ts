import type { Btf, BtfType } from "./types.ts";

/** The kernel refuses more (MAX_RESOLVE_DEPTH is 32); what walks types here goes a little further. */
const maxDepth = 64;

type Report = (id: number, what: string) => void;

/**
 * Finds types that contain themselves, and names without end. In C a cycle always passes through a pointer, and through
 * a struct (or union) that gives it a name; so there is none by value, and none past structs. What was reported is not gone through
 * again: it throws, or the type is hidden.
 */
export function findCycles(btf: Btf, report: Report): void {
  find(btf, containedIn, report);
  find(btf, namedBy, report);
}

function containedIn(type: BtfType): readonly number[] {
  switch (type.kind) {
    case "struct":
    case "union":
      return type.members.map((member) => member.type);
    case "array":
    case "typedef":
    case "const":
    case "volatile":
    case "restrict":
    case "type_tag":
      return [type.type];
    default:
      return [];
  }
}

function namedBy(type: BtfType): readonly number[] {
  switch (type.kind) {
    case "struct":
    case "union":
      return [];
    case "ptr":
      return [type.type];
    case "func_proto":
      return [type.returnType, ...type.parameters.map((parameter) => parameter.type)];
    default:
      return containedIn(type);
  }
}

/** Depth first, without recursion: `height[id]` is 0 before, -1 during, and the longest chain below after the visit. */
function find(btf: Btf, edges: (type: BtfType) => readonly number[], report: Report): void {
  const height = new Int32Array(btf.length);
  for (let root = 1; root < btf.length; root++) {
    if (height[root] !== 0) continue;
    const stack = [{ id: root, next: edges(btf.type(root)), at: 0, deepest: 0 }];
    height[root] = -1;
    const leave = (deepest: number): void => {
      height[stack.pop()!.id] = deepest + 1;
      const parent = stack[stack.length - 1];
      if (parent !== undefined) parent.deepest = Math.max(parent.deepest, deepest + 1);
    };
    while (stack.length > 0) {
      const top = stack[stack.length - 1]!;
      const child = top.next[top.at];
      if (child === undefined) {
        leave(top.deepest);
        continue;
      }
      top.at += 1;
      const known = height[child]!;
      if (known === -1) report(child, "contains itself");
      else if (known > 0) top.deepest = Math.max(top.deepest, known);
      else if (child !== 0) {
        height[child] = -1;
        stack.push({ id: child, next: edges(btf.type(child)), at: 0, deepest: 0 });
      }
      if (stack.length + top.deepest <= maxDepth) continue;
      const deep = stack[stack.length - 1]!;
      report(deep.id, `is nested more than ${maxDepth} deep`);
      leave(0);
    }
  }
}
