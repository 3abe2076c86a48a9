import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { load, type Program } from "ebpf-ts";
import { jsonText } from "../output/json.ts";
import { parseFile } from "../output/object-file.ts";
import { printLine } from "../output/print-line.ts";
import { printable } from "../output/text.ts";
import type { FactsOptions } from "./program-list.ts";

/** `ebpf prog load`: all or nothing. */
export async function loadPrograms(object: string, folder: string, { json }: FactsOptions): Promise<void> {
  const spec = await parseFile(object);
  await using bpf = await load(spec, { engine: "kernel" });
  // Where it cannot be made, pinning says why.
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch(() => {});
  const pinned: { readonly program: Program; readonly path: string }[] = [];
  try {
    for (const [name, program] of bpf.programs) {
      const path = join(folder, name);
      program.pin(path);
      pinned.push({ program, path });
    }
  } catch (error) {
    for (const { program } of pinned) program.unpin();
    throw error;
  }
  const facts = pinned.map(({ program, path }) => ({ id: program.info.id, name: program.name, pinned: [path] }));
  if (json === true) printLine(jsonText(facts));
  else for (const { id, pinned: paths } of facts) printLine(`${id} ${printable(paths[0]!)}`);
}
