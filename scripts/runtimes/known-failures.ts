/** A test that fails on a runtime for a reason that is not ours. */
export interface KnownFailure {
  /** Words of runtimes, as on the command line. */
  readonly on: readonly string[];
  /** The end of the file's path, without `.test.js`. */
  readonly file: string;
  /** Which tests of it; all, and that the file's run breaks off, where it is left out. */
  readonly tests?: RegExp;
  readonly reason: string;
}

/** They are run all the same, and shown with their reason. */
const knownFailures: readonly KnownFailure[] = [
  {
    on: ["bun"],
    file: "test/host/threads",
    tests: /says what it threw$/,
    reason: "Bun tells of exit code 0 for a thread that threw, and of the error before it",
  },
  {
    on: ["bun"],
    file: "test/kernel/memory",
    tests: /cannot be moved to another ArrayBuffer|lives as long as its view/,
    reason:
      "JavaScriptCore moves any ArrayBuffer, and collects what it finds no pointer to, on its stack either; the addresses stay, as docs/architecture.md says",
  },
  {
    on: ["bun"],
    file: "test/workers/shared-rings",
    tests: /is unmapped and closed at the end of the thread/,
    reason: "A thread that ends leaves its mappings where the engine is no V8, as docs/architecture.md says",
  },
  {
    on: ["bun"],
    file: "test/workers/stuck-workers",
    tests: /leave no mappings/,
    reason: "A thread that ends leaves its mappings where the engine is no V8, as docs/architecture.md says",
  },
  {
    on: ["bun"],
    file: "test/shared-ring/threads",
    tests: /of a thread that was terminated/,
    reason: "Bun does not close the files of a thread that is terminated, by whose locks its end is known",
  },
  {
    on: ["bun"],
    file: "test/stream/allocation",
    reason: "The heap that is measured is V8's",
  },
  {
    on: ["deno"],
    file: "test/host/at-exit",
    tests: /an error that nobody caught$/,
    reason: "Deno ends without the event `exit` when nobody catches an error",
  },
  {
    on: ["deno"],
    file: "test/host/exit-gate",
    tests: /a user has started/,
    reason: "Deno ends a thread only when that comes back to its event loop",
  },
  {
    on: ["deno"],
    file: "test/shared-ring/threads",
    tests: /of a thread that was terminated/,
    reason: "Deno may say that a thread has ended before the files are closed by whose locks its end is known",
  },
  {
    on: ["deno"],
    file: "test/kernel/shortage",
    tests: /injector/,
    reason: "Deno itself panics at its start with so few descriptors (ext/signals)",
  },
];

export function knownFailure(runtime: string, file: string, test: string): KnownFailure | undefined {
  const path = file.replace(/\.test\.js$/, "");
  return knownFailures.find(
    (known) => known.on.includes(runtime) && path.endsWith(known.file) && (known.tests?.test(test) ?? true),
  );
}
