import {
  EbpfError,
  load,
  parse,
  readObject,
  type Collection,
  type CommandExit,
  type EngineName,
  type Fields,
} from "ebpf-ts";
import { mapKind, type MapSpec } from "ebpf-ts/spec";
import { Ending } from "./ending.ts";
import { EventPrinter } from "./event-printer.ts";
import { Faults } from "./faults.ts";
import { show } from "./show.ts";
import { openSources } from "./sources.ts";
import { endingsText, sums } from "./sums.ts";
import { parseAssignment } from "../arguments/assignments.ts";
import { MapPrinter } from "../maps/map-printer.ts";
import { ExitCode, say, UsageError } from "../output/report-error.ts";
import { recordChoices, type RecordArguments } from "../records/record-choices.ts";
import { outputPage } from "../output/style.ts";
import { type ScopeArguments, scopeExceptions, scopeOptions } from "./scope.ts";
import { WatchedCommand } from "./watched-command.ts";

export interface RunArguments extends RecordArguments, ScopeArguments {
  readonly object: string;
  readonly engine: "auto" | EngineName;
  readonly json?: boolean;
  readonly count?: number;
  readonly duration?: number;
  /** `ring=json` */
  readonly send: readonly string[];
  /** `variable=json` */
  readonly set: readonly string[];
  /** Seconds. */
  readonly interval?: number;
  readonly maps: boolean;
  readonly top: number;
  readonly perCpu?: boolean;
  /** Maps whose slots are not powers of two. */
  readonly linear: readonly string[];
  readonly globals?: boolean;
}

/** `ebpf run`: loads, attaches everything, prints events until the run is over, and says what came and what was lost. */
export async function runObject(options: RunArguments): Promise<void> {
  checkFolder();
  const faults = new Faults();
  const spec = parse(await readObject(options.object));
  await using bpf = await load(spec, {
    records: await recordChoices(spec, options),
    engine: options.engine,
    ...scopeOptions(options),
    variables: Object.fromEntries(options.set.map(parseAssignment)),
    onFault: faults.tell,
  });
  if (bpf.engine === "embedded" && !hasCommand(options.command)) {
    throw new UsageError(
      "The embedded engine's events are the system calls of a command: add one, such as -- sh -c 'kill -0 $$'",
    );
  }
  checkNames(bpf, options.linear);
  const page = outputPage();
  const json = options.json === true;
  const sources = await openSources(bpf);
  const printer = new EventPrinter(new Map(sources.map((source) => [source.name, source])), page, json, options.count);
  const maps = new MapPrinter(bpf, page, {
    json,
    top: options.top,
    perCpu: options.perCpu === true,
    linear: new Set(options.linear),
    globals: options.globals === true,
  });
  using end = new Ending(options.duration);

  const links = await bpf.attach();
  for (const exception of scopeExceptions(bpf)) say(exception);
  for (const [ring, message] of options.send.map(parseAssignment)) bpf.userRingBuf(ring).send(message as Fields);
  // Standard output is for events: with --json, nothing else may get between them.
  const streams = options.json === true ? "stderr" : "inherit";
  const command = hasCommand(options.command)
    ? await WatchedCommand.start(bpf, options.command, streams, end)
    : undefined;
  if (links.length === 0) say(nothingAttached(bpf));
  if (sources.length === 0) say(nothingToPrint(options));
  let exit: CommandExit | undefined;
  try {
    await show({ sources, printer, maps: options.maps ? maps : undefined, interval: options.interval, end });
    exit = end.commandExit;
  } finally {
    if (exit === undefined) await command?.end();
  }
  for (const line of sums(bpf, sources)) say(line);
  faults.sayRepeated();
  for (const hint of hints(bpf, options)) say(hint);
  process.exitCode = end.exitCode ?? process.exitCode ?? (faults.any ? ExitCode.faults : undefined);
  if (exit !== undefined && end.exitCode === undefined) command?.refuseSignal(exit);
}

function hasCommand(command: readonly string[]): command is readonly [string, ...string[]] {
  return command.length > 0;
}

function checkNames({ spec }: Collection, names: readonly string[]): void {
  const known = new Set([...spec.maps, ...spec.variables].map(({ name }) => name));
  const unknown = names.find((name) => !known.has(name));
  if (unknown === undefined) return;
  const maps = spec.maps.filter(({ section }) => section === undefined).map(({ name }) => name);
  throw new UsageError(
    `Cannot show ${unknown} as a histogram: the object has no map or global variable of that name, its maps are ${maps.join(", ")}`,
  );
}

/** Node starts no thread where there is no current folder. */
function checkFolder(): void {
  try {
    process.cwd();
  } catch (cause) {
    throw new EbpfError("NOT_FOUND", "Cannot run where the current folder was removed: change to one that exists", {
      cause,
    });
  }
}

function nothingAttached({ spec }: Collection): string {
  const off = spec.programs.filter((program) => !program.autoload).map(({ name }) => name);
  const reason =
    off.length === 0 ? "" : `: the object wants ${off.join(", ")} left out (a section name that begins with "?")`;
  return `no program was attached${reason}; those of SEC("syscall") are run by hand, and those whose section names no place are told where: see run() and attach() of the library's programs`;
}

/** Said before the wait: silence could be anything. */
function nothingToPrint({ command, duration, maps }: RunArguments): string {
  const shown = maps ? "the maps are shown at the end" : "nothing is shown";
  return `the object has no ring buffer, no perf event array and no bpf_printk, so no events are printed; ${shown}; it runs until ${endingsText(command[0], duration)}`;
}

/** A program that waits for messages is silent without them: say so rather than leave an empty table unexplained. */
function hints(bpf: Collection, options: RunArguments): string[] {
  const silent = bpf.spec.maps.filter(
    (map: MapSpec) =>
      mapKind(map.type).ring === "user" && !options.send.some((each) => each.startsWith(`${map.name}=`)),
  );
  return silent.map((map) => `nothing was sent to ${map.name}: --send '${map.name}={…}' sends it a message`);
}
