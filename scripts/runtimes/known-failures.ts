/** A test that fails on a runtime for a reason that is not ours. */
export interface KnownFailure {
  /** Words of runtimes, as on the command line. */
  readonly on: readonly string[];
  /** The end of the file's path, without `.test.js`. */
  readonly file: string;
  /** Which tests of it; all where it is left out. */
  readonly tests?: RegExp;
  readonly reason: string;
}

/** They are run all the same, and shown with their reason; one that passes is told as well. */
export const knownFailures: readonly KnownFailure[] = [];

export function knownFailure(runtime: string, file: string, test: string): KnownFailure | undefined {
  const path = file.replace(/\.test\.js$/, "");
  return knownFailures.find(
    (known) => known.on.includes(runtime) && path.endsWith(known.file) && (known.tests?.test(test) ?? true),
  );
}
