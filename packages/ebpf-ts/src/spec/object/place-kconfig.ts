import { EbpfError } from "../../base/errors.ts";
import { alignOf, hasValue } from "../../btf/layout.ts";
import type { Btf, BtfDataSection } from "../../btf/types.ts";
import { mostZeros } from "../limits.ts";

type Variables = BtfDataSection["variables"];

/**
 * Places in section `.kconfig`, which no file has: in libbpf's order, which leaves no holes. Those without a size come last, and have
 * none.
 */
export function placeKconfig(
  btf: Btf,
  section: BtfDataSection,
): { readonly variables: Variables; readonly size: number } {
  const settings = section.variables.map(({ type }) => settingOf(btf, type)).sort(inOrder);
  let size = 0;
  const variables = settings.map((setting) => {
    const offset = Math.ceil(size / setting.align) * setting.align;
    size = offset + setting.size;
    return { type: setting.type, offset, size: setting.size };
  });
  if (size > mostZeros) {
    throw new EbpfError(
      "TOO_BIG",
      `The object asks for ${size} bytes of settings (__kconfig), and at most ${mostZeros} are supported`,
    );
  }
  return { variables, size };
}

interface Setting {
  readonly type: number;
  readonly name: string;
  readonly size: number;
  readonly align: number;
}

function settingOf(btf: Btf, type: number): Setting {
  const variable = btf.type(type);
  if (variable.kind !== "var" || !hasValue(btf, variable.type)) return { type, name: "", size: 0, align: 1 };
  return { type, name: variable.name, size: btf.sizeOf(variable.type), align: alignOf(btf, variable.type) };
}

/** Largest alignment first, then smallest size, then by the bytes of the name. */
function inOrder(a: Setting, b: Setting): number {
  if ((a.size === 0) !== (b.size === 0)) return a.size === 0 ? 1 : -1;
  return b.align - a.align || a.size - b.size || (a.name < b.name ? -1 : 1);
}
