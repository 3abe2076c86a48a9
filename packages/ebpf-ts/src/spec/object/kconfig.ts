import { MapFlag } from "../../uapi/uapi.gen.ts";
import type { MapSpec, VariableSpec } from "../types.ts";
import { dataMapSpec } from "./data-map-spec.ts";
import type { ObjectFile } from "./object-file.ts";

/** Settings of the kernel that an object asks for (`__kconfig`), as the map and the variables that they become. */
export interface Kconfig {
  /** One, or none. */
  readonly maps: readonly MapSpec[];
  readonly variables: readonly VariableSpec[];
}

/** The values are zeros yet: they come from where the object is loaded. */
export function readKconfig({ btf, dataSections, elf }: ObjectFile): Kconfig {
  const section = dataSections.get(".kconfig");
  if (btf === undefined || section === undefined || section.size === 0) return { maps: [], variables: [] };
  const weak = new Set(elf.symbols.filter(({ binding }) => binding === "weak").map(({ name }) => name));
  const variables = section.variables.flatMap(({ type, offset, size }): VariableSpec[] => {
    const variable = btf.type(type);
    if (variable.kind !== "var" || size === 0) return [];
    const { name } = variable;
    const extern = weak.has(name) ? "weak" : "strong";
    return [{ name, section: ".kconfig", offset, size, type: variable.type, readOnly: true, extern }];
  });
  const map = dataMapSpec({
    section: ".kconfig",
    flags: MapFlag.RDONLY_PROG | MapFlag.MMAPABLE,
    valueType: section.id,
    contents: new Uint8Array(section.size),
    readOnly: true,
  });
  return { maps: [map], variables };
}
