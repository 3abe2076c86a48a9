import { missingPermission } from "./refusal.ts";

/** Of `node:fs`, handed in: whoever comes before the first import of a module has it only later. */
interface Files {
  openSync(path: string, flags: string): number;
  closeSync(descriptor: number): void;
  readFileSync(path: string, encoding: "utf8"): string;
  readdirSync(path: string): string[];
}

/**
 * Throws what the system says (EMFILE, ENFILE) when there are not so many file descriptors left: for what does harm when it runs out of
 * them halfway. Counting takes two files; only where there seem to be too few are they opened, which is sure.
 */
export function tryDescriptors(files: Files, count: number): void {
  if (freeDescriptors(files) < count) openAll(files, count);
}

/** 0 where /proc does not say. */
function freeDescriptors({ readFileSync, readdirSync }: Files): number {
  try {
    const limit = Number(/^Max open files +(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1] ?? 0);
    // Those above a limit that was lowered since take none of the numbers below it.
    return limit - readdirSync("/proc/self/fd").filter((descriptor) => Number(descriptor) < limit).length;
  } catch {
    return 0;
  }
}

function openAll({ openSync, closeSync }: Files, count: number): void {
  const opened: number[] = [];
  try {
    while (opened.length < count) opened.push(openSync("/dev/null", "r"));
  } catch (cause) {
    // What may not be opened tells nothing of how many are left.
    if (missingPermission(cause) === undefined) throw cause;
  } finally {
    for (const descriptor of opened) closeSync(descriptor);
  }
}
