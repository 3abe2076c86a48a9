/**
 * Writes the modules of the examples' objects, as `ebpf gen` does. With `--check` it writes nothing, and fails when one is out of date.
 */
import { execFileSync } from "node:child_process";
import { basename, dirname, join } from "node:path";
import { findFiles, root } from "./files.ts";

/** As the formatter of this project has it. */
const width = "120";

const command = join(root, "packages/cli/bin/ebpf.js");
const check = process.argv.includes("--check") ? ["--check"] : [];
for (const object of await findFiles(".bpf.o", join(root, "examples"))) {
  const module = join(dirname(object), "src", `${basename(object, ".o")}.ts`);
  try {
    execFileSync(process.execPath, [command, "gen", object, "-o", module, "--print-width", width, ...check], {
      cwd: root,
      stdio: "inherit",
    });
  } catch {
    process.exitCode = 1;
  }
}
