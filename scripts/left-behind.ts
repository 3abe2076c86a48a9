/**
 * What tests leave behind in the kernel: programs, maps and links that nobody else holds, and processes that still run. A run knows its own
 * processes by a word in their environment, which their children have too.
 */
import { readdir, readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { EbpfError } from "ebpf-ts";
import { holders, links, maps, pins, programs } from "ebpf-ts/kernel";

const variable = "EBPF_TS_TEST_RUN";
/** Milliseconds that the kernel is given: it frees programs when no CPU can be in one any more. */
const usualPatience = 10_000;

interface Loaded {
  readonly id: number;
  readonly typeName: string;
  readonly name?: string;
}

type Kind = "program" | "map" | "link";
const kinds: Readonly<Record<Kind, () => Iterable<Loaded>>> = { program: programs, map: maps, link: links };
type Ids = Readonly<Record<Kind, ReadonlySet<number>>>;

/** A process of a run of tests. */
interface Runner {
  readonly pid: number;
  readonly run: string;
  readonly command: string;
}

async function runners(): Promise<Runner[]> {
  const pids = (await readdir("/proc").catch(() => [])).filter((name) => /^\d+$/.test(name));
  const read = (pid: string, file: string): Promise<string> => readFile(`/proc/${pid}/${file}`, "utf8").catch(() => "");
  const found = await Promise.all(
    pids.map(async (pid) => {
      const entry = (await read(pid, "environ")).split("\0").find((each) => each.startsWith(`${variable}=`));
      if (entry === undefined) return [];
      const command = (await read(pid, "cmdline")).replaceAll("\0", " ").trim();
      return [{ pid: Number(pid), run: entry.slice(variable.length + 1), command }];
    }),
  );
  return found.flat().filter(({ pid, command }) => pid !== process.pid && command !== "");
}

/** Undefined where this process may not look. */
export function idsNow(): Ids | undefined {
  try {
    const ids = (kind: Kind): Set<number> => new Set([...kinds[kind]()].map(({ id }) => id));
    return { program: ids("program"), map: ids("map"), link: ids("link") };
  } catch (error) {
    if (error instanceof EbpfError) return undefined;
    throw error;
  }
}

/** Watches a run, from before its first test. */
export class LeftBehind {
  readonly #run: string;
  readonly #before: Ids | undefined = idsNow();

  constructor(run: string) {
    this.#run = run;
  }

  /** Names of all there is. While another run goes on, whose what is cannot be told: then processes alone. */
  async find(patience: number = usualPatience): Promise<string[]> {
    const end = performance.now() + patience;
    for (;;) {
      const found = await this.#look();
      if (found.length === 0 || performance.now() > end) return found;
      await sleep(200);
    }
  }

  async #look(): Promise<string[]> {
    const running = await runners();
    const own = running.filter(({ run }) => run === this.#run);
    const left = own.map(({ pid, command }) => `the process ${pid}: ${command}`);
    return running.length > own.length || this.#before === undefined ? left : [...left, ...loadedSince(this.#before)];
  }
}

/**
 * Linux 6.18 keeps a prog array for good that is listed right after its last descriptor was closed: each time that the last one goes, it takes a
 * reference for the work that empties the array, and does not give it back where that work was already on its way. Who has such a map by a pin, by a
 * program or as a process is found by those.
 */
const isOfKernel = (kind: Kind, typeName: string, paths: readonly string[]): boolean =>
  kind === "map" && typeName === "prog_array" && paths.length === 0;

/** What other processes hold is theirs. */
export function loadedSince(before: Ids): string[] {
  const [held, pinned] = [holders(), pins()];
  return (Object.keys(kinds) as Kind[]).flatMap((kind) => {
    const left = [...kinds[kind]()].filter(({ id }: Loaded) => !before[kind].has(id) && !held[kind].has(id));
    return left.flatMap(({ id, typeName, name = "" }: Loaded) => {
      const paths = pinned[kind].get(id) ?? [];
      if (isOfKernel(kind, typeName, paths)) return [];
      const place = paths.length === 0 ? "" : `, pinned at ${paths.join(", ")}`;
      return `the ${kind} ${id} (${[typeName, name].join(" ").trim()})${place}`;
    });
  });
}
