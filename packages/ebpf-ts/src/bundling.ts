/** For the configuration of a bundler. */
import { filePathOf } from "./host/named-files.ts";
import { isThere } from "./host/system-files.ts";

const scripts = [
  new URL("./engine/embedded/sources/ptrace/ebpf-tracer-worker.js", import.meta.url),
  new URL("./engine/kernel/poll/ebpf-poller-worker.js", import.meta.url),
  new URL("./shared-ring/ebpf-futex-worker.js", import.meta.url),
  new URL("./workers/dispatch/ebpf-dispatch-worker.js", import.meta.url),
];

/** The library as it is published is a bundle itself, with all its files in one folder. */
function entryOf(script: URL): readonly [name: string, path: string] {
  const name = /([^/]+)\.js$/.exec(script.pathname)![1]!;
  const beside = filePathOf(new URL(`./${name}.js`, import.meta.url));
  return [name, isThere(beside) ? beside : filePathOf(script)];
}

/**
 * What the library starts threads with: paths of the files, by the names (without `.js`) that they must have in the folder of the bundle.
 * They are further entry points for the bundler: no import leads to them, since each is a program of its own.
 */
export const workerEntries: Readonly<Record<string, string>> = Object.fromEntries(scripts.map(entryOf));
