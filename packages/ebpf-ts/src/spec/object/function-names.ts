import type { ElfSymbol } from "../../elf/elf-file.ts";
import { badObject } from "./object-file.ts";

/**
 * One name for each function, for references go by name. Global functions keep theirs; static ones of several files
 * that were linked together may share one, and then the later ones are numbered.
 */
export class FunctionNames {
  readonly #names = new Map<ElfSymbol, string>();

  constructor(symbols: readonly ElfSymbol[]) {
    const taken = new Set<string>();
    const isLocal = (symbol: ElfSymbol): boolean => symbol.binding === "local";
    for (const symbol of symbols.filter((candidate) => !isLocal(candidate))) {
      if (symbol.name === "")
        throw badObject(`The function at offset ${symbol.value} of section ${symbol.sectionIndex} has no name`);
      if (taken.has(symbol.name)) throw badObject(`The object has two functions named ${symbol.name}`);
      this.#take(symbol, symbol.name, taken);
    }
    const counts = new Map<string, number>();
    for (const symbol of symbols.filter(isLocal)) {
      const base = symbol.name || "anonymous";
      let name = base;
      for (let count = counts.get(base) ?? 2; taken.has(name); count += 1) {
        name = `${base}.${count}`;
        counts.set(base, count + 1);
      }
      this.#take(symbol, name, taken);
    }
  }

  of(symbol: ElfSymbol): string {
    return this.#names.get(symbol) ?? symbol.name;
  }

  #take(symbol: ElfSymbol, name: string, taken: Set<string>): void {
    taken.add(name);
    this.#names.set(symbol, name);
  }
}
