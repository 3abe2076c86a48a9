import type { ByteView } from "../../bytes/byte-view.ts";
import { badExecutable, type Executable } from "./executable.ts";

/** Bytes of a pointer: ELF64. */
const WORD = 8;

export interface GoFunction {
  /** With its package: `main.handle`, `net/http.(*conn).serve`. */
  readonly name: string;
  readonly address: number;
}

/** How a table is laid out: since which release, by the number that it begins with (`debug/gosym`, pclntab.go). */
interface GoLayout {
  /** Bytes of a number in the index. */
  readonly entry: 4 | 8;
  /** Which word of the header holds the address from which functions count; undefined where they have addresses of their own. */
  readonly text?: number;
  /** Which word of the header says where names begin, and where the index does; undefined where all counts from the table. */
  readonly names?: number;
  readonly index?: number;
}

const go12: GoLayout = { entry: 8 };
const go116: GoLayout = { entry: 8, names: 2, index: 6 };
const go118: GoLayout = { entry: 4, text: 2, names: 3, index: 7 };
const layouts: ReadonlyMap<number, GoLayout> = new Map([
  [0xffff_fffb, go12],
  [0xffff_fffa, go116],
  [0xffff_fff0, go118],
  [0xffff_fff1, go118], // Go 1.20
]);

/** The functions of a program in Go, which knows their names by itself, also when it was stripped; none of other programs. */
export function goFunctions(executable: Executable): GoFunction[] {
  const section = executable.sectionNamed((name) => name.endsWith(".gopclntab"));
  if (section === undefined) return [];
  const table = executable.contents(section, "its table of functions (.gopclntab)");
  const layout = layouts.get(table.u32(0));
  if (layout === undefined || table.u8(7) !== WORD)
    throw badExecutable("The executable is of a release of Go whose table of functions is not known: give an offset");
  const text = layout.text === undefined ? 0 : header(table, layout.text) || textAddress(executable);
  const count = header(table, 0);
  if (count > table.length / (2 * layout.entry))
    throw badExecutable("The executable is broken: its table of functions (.gopclntab) is shorter than it says");
  return Array.from({ length: count }, (_, number) => functionAt(table, layout, number, text));
}

function functionAt(table: ByteView, layout: GoLayout, number: number, text: number): GoFunction {
  const { entry } = layout;
  const index = layout.index === undefined ? 0 : header(table, layout.index);
  const first = layout.index === undefined ? headerEnd : index;
  const read = (at: number): number => (entry === 4 ? table.u32(at) : table.u64Number(at));
  const at = index + read(first + (2 * number + 1) * entry);
  const names = layout.names === undefined ? 0 : header(table, layout.names);
  return { name: table.cString(names + table.i32(at + entry)), address: text + read(at) };
}

const headerEnd = 2 * WORD;

function header(table: ByteView, word: number): number {
  return table.u64Number((word + 1) * WORD);
}

/** Where the loader relocates the table, and since Go 1.26, it does not say. */
function textAddress(executable: Executable): number {
  return executable.sectionNamed((name) => name === ".text")?.address ?? 0;
}
