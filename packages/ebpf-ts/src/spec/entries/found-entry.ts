import type { Btf } from "../../btf/types.ts";

/** What the keys or the values of a map are, and how that was found. */
export interface FoundPart {
  /** Id in the table of the {@link FoundEntry}; 0 where they are bytes, or numbers of the kernel's. */
  readonly type: number;
  /**
   * - `definition`: `__type(…)` in the map's definition;
   * - `programs`: it gives a size alone, and what all programs pass has that type;
   * - `kernel`: they are the kernel's own: indices, descriptors, or there are none;
   * - `nothing`: they are bytes.
   */
  readonly by: "definition" | "programs" | "kernel" | "nothing";
  /** For people: how it was found, or why it is not known. */
  readonly why: string;
}

/** What the entries of a map are, and how that was found. */
export interface FoundEntry {
  /** The table that the types stand in: the object's own, or one with the same ids that was made of its DWARF too. */
  readonly btf: Btf | undefined;
  readonly key: FoundPart;
  readonly value: FoundPart;
}
