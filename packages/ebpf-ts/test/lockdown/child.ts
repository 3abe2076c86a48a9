/** What the processes that lock themselves down have in common: they say line by line what came of what they tried. */
import { readFileSync } from "node:fs";
import type { Collection } from "../../src/collection/collection.ts";
import { load, type LoadOptions } from "../../src/load.ts";
import { fixturePath } from "../support/fixtures.ts";

export const nobody = { uid: 65_534, gid: 65_534 } as const;

export async function loadHere(name: string, engine: LoadOptions["engine"]): Promise<Collection> {
  return load(readFileSync(fixturePath(`${name}.bpf.o`)), { engine });
}

/** `name: ok`, with what was given where that is a word; or `name: ` and the error. */
export async function attempt(name: string, deed: () => unknown): Promise<void> {
  try {
    const given = await deed();
    console.log(`${name}: ok${typeof given === "string" || typeof given === "number" ? ` ${given}` : ""}`);
  } catch (error) {
    const { code, message } = error as { readonly code?: string; readonly message: string };
    console.log(`${name}: ${code ?? (error as Error).name} ${message}`);
  }
}

/** The lines of /proc/self/status that say who a process is; to be read before files are out of reach. */
export function statusLines(...names: readonly string[]): string {
  const lines = readFileSync("/proc/self/status", "utf8").split("\n");
  return lines.filter((line) => names.some((name) => line.startsWith(`${name}:`))).join("; ");
}
