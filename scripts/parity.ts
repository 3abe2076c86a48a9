/**
 * Loads objects with this library and with libbpf, and prints what differs: programs that load, error numbers, tags, attributes of maps,
 * and with `--attach` whether programs attach (packages/ebpf-ts/test/parity has the comparison, and the exceptions with their reasons).
 *   npm run test:parity -- [--every 3] [--attach] [--on 6.12] [--source folder] [--keep folder]
 *
 * The objects are the fixtures, selftests of the kernel (every third source of linux-source-6.12, or every N-th), those that are embedded
 * in the commands of Debian's libbpf-tools, fixtures by gcc-bpf, where that is installed, and one in Rust, where there is a rustc. The judge
 * is the libbpf of that kernel tree.
 *
 * `--on` names a kernel of `npm run test:kernels`, for a guest with it, or `host`. Programs are attached in a guest with Linux 6.12, where it
 * disturbs nobody. `--source` names an unpacked tree, else the packages are fetched with apt-get. `--keep folder` has the judge and the objects
 * made there, and those that lie there already are taken.
 */
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { root } from "./files.ts";
import { groupsOf } from "./parity/objects.ts";
import { type Place, runComparison } from "./parity/run-comparison.ts";
import { openSelftests, type Selftests } from "./selftests.ts";

interface Options extends Place {
  readonly source: string | undefined;
  readonly every: number;
}

async function compareAll(folder: string, { source, every, ...place }: Options): Promise<number> {
  const tests = await openSelftests(source ?? treeIn(folder), folder);
  const judge = join(folder, "judge");
  if (!existsSync(judge)) await makeJudge(judge, tests);
  const folders: string[] = [];
  for (const [name, make] of Object.entries(groupsOf(tests, folder, every))) {
    const to = join(folder, name);
    folders.push(to);
    if (existsSync(to)) continue;
    await mkdir(to);
    await make(to);
  }
  return runComparison(judge, folders, place);
}

/** Of an earlier run. */
function treeIn(folder: string): string | undefined {
  const tree = join(folder, "linux-source-6.12");
  return existsSync(tree) ? tree : undefined;
}

async function makeJudge(judge: string, { tree }: Selftests): Promise<void> {
  const { buildJudge } = (await import(join(root, "packages/ebpf-ts/build/test/parity/judge.js"))) as {
    buildJudge: (to: string, tree: string) => void;
  };
  buildJudge(judge, tree);
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      source: { type: "string" },
      keep: { type: "string" },
      every: { type: "string", default: "3" },
      attach: { type: "boolean", default: false },
      on: { type: "string" },
    },
  });
  const { source, keep, every, attach, on = attach ? "6.12" : "host" } = values;
  const folder = keep ?? (await mkdtemp(join(tmpdir(), "ebpf-ts-parity-")));
  await mkdir(folder, { recursive: true });
  try {
    return await compareAll(folder, { source, every: Number(every), attach, on });
  } finally {
    if (keep === undefined) await rm(folder, { recursive: true, force: true });
  }
}

process.exitCode = await main();
