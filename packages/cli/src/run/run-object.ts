import { EbpfError, haveEngine, load, type Collection, type CommandExit, type EngineName, type Fields } from "ebpf-ts";
import { choosePrograms, type CollectionSpec, mapKind, type MapSpec, sayRecords, setVariable } from "ebpf-ts/spec";
import { Ending } from "./ending.ts";
import { EventPrinter } from "./event-printer.ts";
import { Faults } from "./faults.ts";
import { show } from "./show.ts";
import { guesses } from "./guesses.ts";
import { iteratorsOf, printIterators } from "./iterators.ts";
import { openSources } from "./sources.ts";
import { endingsText, sums } from "./sums.ts";
import { parseAssignment } from "../arguments/assignments.ts";
import { hasMapsToShow, MapPrinter } from "../maps/map-printer.ts";
import { parseFile } from "../output/object-file.ts";
import { asUsage, ExitCode, say, UsageError } from "../output/report-error.ts";
import { recordChoices, type RecordArguments } from "../records/record-choices.ts";
import { outputPage } from "../output/style.ts";
import { type ScopeArguments, scopeExceptions, scopeOptions } from "./scope.ts";
import { hasPrintk } from "./what-prints.ts";
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
  readonly only?: readonly string[] | undefined;
  readonly without?: readonly string[] | undefined;
  readonly btf?: string | undefined;
  readonly globals?: boolean;
}

/** `ebpf run`: loads, attaches everything, prints events until the run is over, and says what came and what was lost. */
export async function runObject(options: RunArguments): Promise<void> {
  checkFolder();
  const faults = new Faults();
  const spec = await specOf(options);
  await using bpf = await load(spec, {
    engine: options.engine,
    btf: options.btf,
    ...scopeOptions(options),
    onFault: faults.tell,
  });
  if (bpf.engine === "embedded" && !hasCommand(options.command)) {
    throw await needsCommand(options.engine);
  }
  const messages = asUsage(() =>
    options.send.map(parseAssignment).map(([ring, message]) => ({ ring: bpf.userRingBuf(ring), message })),
  );
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
  for (const reason of bpf.leftAlone.values()) say(reason);
  for (const exception of scopeExceptions(bpf)) say(exception);
  for (const guess of guesses(bpf)) say(guess);
  for (const { ring, message } of messages) asUsage(() => ring.send(message as Fields));
  // Standard output is for events: with --json, nothing else may get between them.
  const streams = options.json === true ? "stderr" : "inherit";
  const iterators = iteratorsOf(links);
  await printIterators(iterators, json, end.reached);
  const command = hasCommand(options.command)
    ? await WatchedCommand.start(bpf, options.command, streams, end)
    : undefined;
  const hasEvents = sources.length > 0 || links.length > iterators.length || waits(options);
  const idle = !hasEvents && iterators.length === 0;
  if (idle) end.now();
  if (links.length === 0) say(nothingAttached(bpf, options));
  if (sources.length === 0 && iterators.length === 0 && !hasPrintk(bpf.spec)) say(nothingToPrint(bpf, options, idle));
  let exit: CommandExit | undefined;
  try {
    if (hasEvents || idle)
      await show({ sources, printer, maps: options.maps ? maps : undefined, interval: options.interval, end });
    exit = end.commandExit;
  } finally {
    if (exit === undefined) await command?.end();
  }
  for (const line of sums(bpf, sources)) say(line);
  faults.sayRepeated();
  for (const hint of hints(bpf, options)) say(hint);
  process.exitCode =
    end.exitCode ?? process.exitCode ?? (idle ? ExitCode.failure : faults.any ? ExitCode.faults : undefined);
  if (exit !== undefined && end.exitCode === undefined) command?.refuseSignal(exit);
}

/** The object, with what the arguments say of it. */
async function specOf(options: RunArguments): Promise<CollectionSpec> {
  const spec = await parseFile(options.object);
  const choices = await recordChoices(spec, options);
  checkNames(spec, options.linear);
  return asUsage(() => {
    for (const [name, value] of options.set.map(parseAssignment)) setVariable(spec, name, value);
    return choosePrograms(sayRecords(spec, choices), { only: options.only, without: options.without });
  });
}

/** Without a command, events are the whole system's: only the kernel has them. */
async function needsCommand(engine: RunArguments["engine"]): Promise<Error> {
  if (engine === "embedded")
    return new UsageError("The embedded engine's events are those of a command: add one, such as -- cat /etc/hostname");
  const { reason = "it cannot be used here" } = await haveEngine("kernel");
  return new Error(
    `Without a command, events are the whole system's, which the kernel engine alone has (${reason}): add a command for its own events, such as -- cat /etc/hostname`,
  );
}

/** Whether somebody has said how long it is to go on, or with what. */
function waits({ command, duration, interval }: RunArguments): boolean {
  return hasCommand(command) || duration !== undefined || interval !== undefined;
}

function hasCommand(command: readonly string[]): command is readonly [string, ...string[]] {
  return command.length > 0;
}

function checkNames(spec: CollectionSpec, names: readonly string[]): void {
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

function nothingAttached({ spec }: Collection, { only = [], without = [] }: RunArguments): string {
  if (spec.programs.length === 0) return 'the object has no programs: SEC("…") before a function makes it one';
  const off = spec.programs.filter(({ autoload, section }) => !autoload && section.startsWith("?"));
  const wish = `the object wants ${off.map(({ name }) => name).join(", ")} left out (a section name that begins with "?")`;
  const chosen = only.length + without.length > 0 ? "--only and --without leave out the rest" : undefined;
  const reasons = [off.length === 0 ? undefined : wish, chosen].filter((reason) => reason !== undefined);
  const reason = reasons.length === 0 ? "" : `: ${reasons.join("; ")}`;
  return `no program was attached${reason}; those of SEC("syscall") are run by hand, and those whose section names no place are told where: see run() and attach() of the library's programs`;
}

/** Said before the wait: silence could be anything. */
function nothingToPrint(bpf: Collection, options: RunArguments, idle: boolean): string {
  const { command, duration, maps, globals = false, linear } = options;
  const shown = !maps
    ? "nothing is shown"
    : hasMapsToShow(bpf, globals, new Set(linear))
      ? "the maps are shown at the end"
      : noMaps;
  const until = idle
    ? "so there is nothing to wait for: with a command after --, --duration or --interval it waits all the same"
    : `it runs until ${endingsText(command[0], duration)}`;
  return `the object has no ring buffer, no perf event array and no bpf_printk, so no events are printed; ${shown}; ${until}`;
}

const noMaps =
  "nor has it a map to show, so what its programs do is not seen here (--globals shows its global variables)";

/** A program that waits for messages is silent without them: say so rather than leave an empty table unexplained. */
function hints(bpf: Collection, options: RunArguments): string[] {
  const silent = bpf.spec.maps.filter(
    (map: MapSpec) =>
      mapKind(map.type).ring === "user" && !options.send.some((each) => each.startsWith(`${map.name}=`)),
  );
  return silent.map((map) => `nothing was sent to ${map.name}: --send '${map.name}={…}' sends it a message`);
}
