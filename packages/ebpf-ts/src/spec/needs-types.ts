import type { Btf, BtfType } from "../btf/types.ts";
import { mapKind } from "../kinds/map-kinds.ts";
import { ProgType } from "../uapi/uapi.gen.ts";
import type { CollectionSpec, MapSpec } from "./types.ts";

/** Structs that the kernel finds in the values of maps by the map's types, and does not take for plain bytes (btf_parse_fields). */
const special: ReadonlySet<string> = new Set([
  "bpf_spin_lock",
  "bpf_res_spin_lock",
  "bpf_timer",
  "bpf_wq",
  "bpf_task_work",
  "bpf_list_head",
  "bpf_list_node",
  "bpf_rb_root",
  "bpf_rb_node",
  "bpf_refcount",
]);
/** Pointers that the kernel keeps count of. */
const kernelPointer = /^(kptr|kptr_untrusted|percpu_kptr|uptr)$/;
const mostNested = 32;

/**
 * Why the kernel must have the types of an object; undefined when its programs and maps work without. `map …` and `program …` name who.
 */
export function whyNeedsTypes(spec: CollectionSpec): string | undefined {
  for (const map of spec.maps) {
    const why = whyMapNeedsTypes(spec.btf, map);
    if (why !== undefined) return `map ${map.name} ${why}`;
  }
  const freplace = spec.programs.find(({ autoload, type }) => autoload && type === ProgType.EXT);
  if (freplace !== undefined) return `program ${freplace.name} replaces a function`;
  const code = [...spec.programs.filter(({ autoload }) => autoload), ...spec.functions];
  const user = code.find(({ references }) => references.some(({ kind }) => kind === "function"));
  return user === undefined ? undefined : `function ${user.name} hands a function to a helper`;
}

/** The same for one map: `holds a bpf_timer`. */
export function whyMapNeedsTypes(btf: Btf | undefined, map: MapSpec): string | undefined {
  if (mapKind(map.type).value === "ops")
    return map.autoload === false ? undefined : "implements operations of the kernel";
  if (mapKind(map.type).key === "descriptor") return "belongs to tasks, sockets, files or cgroups";
  const found = btf === undefined || map.valueType === 0 ? undefined : findSpecial(btf, map.valueType, 0);
  return found === undefined ? undefined : `holds a ${found}`;
}

function findSpecial(btf: Btf, id: number, depth: number): string | undefined {
  const type = btf.resolve(id);
  if (depth > mostNested) return undefined;
  switch (type.kind) {
    case "struct":
    case "union":
      if (special.has(type.name)) return type.name;
      return first(type.members, (member) => findSpecial(btf, member.type, depth + 1));
    case "datasec":
      return first(type.variables, (variable) => findSpecial(btf, variable.type, depth + 1));
    case "array":
    case "var":
      return findSpecial(btf, type.type, depth + 1);
    case "ptr":
      return tagOf(btf.type(type.type));
    default:
      return undefined;
  }
}

function tagOf(type: BtfType): string | undefined {
  return type.kind === "type_tag" && kernelPointer.test(type.name) ? type.name : undefined;
}

function first<T>(list: readonly T[], find: (entry: T) => string | undefined): string | undefined {
  for (const entry of list) {
    const found = find(entry);
    if (found !== undefined) return found;
  }
  return undefined;
}
