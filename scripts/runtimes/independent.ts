/** A file of tests in which another program does the work, which the runtime only starts: it says the same on each. */
interface Independent {
  /** The end of its path, without `.test.js`. */
  readonly file: string;
  readonly reason: string;
}

/** `npm test` runs them. Whatever runs the library's own code, in the process or as a command, is none of them. */
export const independent: readonly Independent[] = [
  { file: "test/browser/browser", reason: "Chromium runs the library there" },
  { file: "test/browser/bundle", reason: "esbuild bundles the library, and tsc compiles a page's code" },
  {
    file: "test/compile/headers",
    reason: "What clang makes of the headers is compared with what it makes of libbpf's",
  },
  { file: "cli/build/test/vm", reason: "QEMU runs the commands there" },
  { file: "scripts/build/left-behind", reason: "The test runner looks for what tests leave behind, and runs on Node" },
  { file: "type-tests/build/types", reason: "tsc compiles the declarations" },
];
