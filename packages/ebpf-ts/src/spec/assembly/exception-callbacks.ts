import { stringsOf } from "../../btf/parse-btf.ts";
import type { Btf } from "../../btf/types.ts";

const prefix = "exception_callback:";
const bytes = new TextEncoder().encode(prefix);

/**
 * The functions that are called when a program throws (bpf_throw, Linux 6.7), by the BTF id of the program: it is tagged with their names,
 * and nothing else refers to them.
 */
export function exceptionCallbacks(btf: Btf | undefined): ReadonlyMap<number, string> {
  const found = new Map<number, string>();
  if (btf === undefined || !contains(stringsOf(btf))) return found;
  for (let id = 1; id < btf.length; id += 1) {
    const type = btf.type(id);
    if (type.kind === "decl_tag" && type.componentIndex === -1 && type.name.startsWith(prefix))
      found.set(type.type, type.name.slice(prefix.length));
  }
  return found;
}

/** Few objects have any: no type is decoded for the others. */
function contains(texts: Uint8Array): boolean {
  for (let at = texts.indexOf(bytes[0]!); at >= 0; at = texts.indexOf(bytes[0]!, at + 1))
    if (bytes.every((byte, index) => texts[at + index] === byte)) return true;
  return false;
}
