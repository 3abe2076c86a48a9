/** A test that fails on a kernel for a reason that is not ours. */
interface KnownDifference {
  /** Words of kernels, as on the command line; `host` is the one that runs this. */
  readonly on: readonly string[];
  /** The end of the file's path, without `.test.js`. */
  readonly file: string;
  /** Which tests of it; all, and that the file's run breaks off, where it is left out. */
  readonly tests?: RegExp;
  readonly reason: string;
}

const knownDifferences: readonly KnownDifference[] = [];

export const knownFiles: readonly string[] = knownDifferences.map(({ file }) => file);

export function knownDifference(kernel: string, file: string, test: string): string | undefined {
  const path = file.replace(/\.test\.js$/, "");
  return knownDifferences.find(
    (known) => known.on.includes(kernel) && path.endsWith(known.file) && (known.tests?.test(test) ?? true),
  )?.reason;
}
