import { setTimeout as sleep } from "node:timers/promises";
import { countRuns } from "ebpf-ts/kernel";
import { jsonText } from "../output/json.ts";
import { printLine } from "../output/print-line.ts";
import { cut, outputPage, type Page, paint, tableLines } from "../output/style.ts";
import { printable } from "../output/text.ts";
import { clockText } from "../output/wall-clock.ts";
import { Ending } from "../run/ending.ts";
import { type ProgramRate, RunRates } from "./run-rates.ts";

export interface TopOptions {
  readonly json?: boolean;
  /** Seconds. */
  readonly interval: number;
  /** How often it is shown. */
  readonly count?: number;
  readonly duration?: number;
  /** Programs that are shown. */
  readonly top: number;
  /** Also those that did not run. */
  readonly all?: boolean;
}

/** `ebpf top`: until a signal comes, or it was shown so often. */
export async function showTop(options: TopOptions): Promise<void> {
  using end = new Ending(options.duration);
  using _counting = countRuns();
  const rates = new RunRates();
  const ending = new AbortController();
  void end.reached.then(() => ending.abort());
  for (let shown = 0; shown < (options.count ?? Number.POSITIVE_INFINITY); shown += 1) {
    await sleep(options.interval * 1000, undefined, { signal: ending.signal }).catch(() => {});
    if (ending.signal.aborted) break;
    show(rates.next(), options);
  }
  process.exitCode = end.exitCode ?? process.exitCode;
}

function show(all: readonly ProgramRate[], options: TopOptions): void {
  const running = options.all === true ? all : all.filter(({ runs }) => runs > 0);
  const shown = running.slice(0, options.top);
  if (options.json === true) {
    printLine(jsonText({ time: new Date().toISOString(), programs: shown.map(asJson) }));
    return;
  }
  const page = outputPage();
  const lines = linesOf(shown, page, running.length - shown.length);
  // On a terminal each picture takes the place of the one before it.
  if (process.stdout.isTTY) process.stdout.write(`\x1b[H\x1b[2J${lines.join("\n")}\n`);
  else printLine(`${lines.join("\n")}\n`);
}

const heads = ["ID", "TYPE", "NAME", "RUNS/S", "NS/RUN", "CPU%", "RUNS", "TIME MS"];
const right = [true, false, false, true, true, true, true, true];

function linesOf(shown: readonly ProgramRate[], page: Page, left: number): string[] {
  const title = paint(page, "source", clockText(new Date()));
  if (shown.length === 0) return [title, "no program ran"];
  const rows = shown.map(({ program, runsPerSecond, nanosecondsPerRun, cpuPercent }) => [
    `${program.id}`,
    program.typeName,
    printable(program.name),
    runsPerSecond.toFixed(1),
    nanosecondsPerRun.toFixed(0),
    cpuPercent.toFixed(2),
    `${program.runCount}`,
    (Number(program.runTimeNs) / 1e6).toFixed(1),
  ]);
  const [heading = "", ...lines] = tableLines(heads, rows, right);
  const more = left > 0 ? [`… and ${left} more`] : [];
  return [
    title,
    paint(page, "heading", cut(heading, page.width)),
    ...lines.map((line) => cut(line, page.width)),
    ...more,
  ];
}

/** Counts by bpftool's names. */
function asJson({ program, runs, runsPerSecond, nanosecondsPerRun, cpuPercent }: ProgramRate): object {
  const { id, typeName: type, name, tag, runCount: run_cnt, runTimeNs: run_time_ns } = program;
  return { id, type, name, tag, run_cnt, run_time_ns, runs, runsPerSecond, nanosecondsPerRun, cpuPercent };
}
