/** Of `node:fs`, handed in: whoever comes before the first import of a module has it only later. */
interface Files {
  openSync(path: string, flags: string): number;
  closeSync(descriptor: number): void;
}

/**
 * Throws what the system says (EMFILE, ENFILE) when there are not so many file descriptors left: for what does harm when it runs out of
 * them halfway.
 */
export function tryDescriptors({ openSync, closeSync }: Files, count: number): void {
  const opened: number[] = [];
  try {
    while (opened.length < count) opened.push(openSync("/dev/null", "r"));
  } finally {
    for (const descriptor of opened) closeSync(descriptor);
  }
}
