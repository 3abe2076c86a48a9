#!/usr/bin/env node
import { existsSync } from "node:fs";
import module from "node:module";

// Node 22.8. A start finds the code compiled by the one before.
module.enableCompileCache?.();

// As it is published, and as it is developed.
const main = ["../dist/main.js", "../build/src/main.js"]
  .map((path) => new URL(path, import.meta.url))
  .find((url) => existsSync(url));
if (main !== undefined) {
  await import(main.href);
} else {
  console.error("ebpf: The command is not built yet: run `npm run build` first");
  process.exitCode = 1;
}
