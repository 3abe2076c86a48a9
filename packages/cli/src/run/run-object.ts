import {
  EbpfError,
  load,
  type Collection,
  type CommandExit,
  type EngineName,
  type Fields,
  type RingBuf,
} from "ebpf-ts";
import { mapKind, type MapSpec } from "ebpf-ts/spec";
import { Ending } from "./ending.ts";
import { EventPrinter } from "./event-printer.ts";
import { parseAssignment } from "../arguments/assignments.ts";
import { say, UsageError } from "../output/report-error.ts";
import { printable } from "../output/text.ts";
import { WatchedCommand } from "./watched-command.ts";

export interface RunArguments {
  readonly object: string;
  readonly command: readonly string[];
  readonly engine: "auto" | EngineName;
  readonly json?: boolean;
  readonly count?: number;
  readonly duration?: number;
  /** `ring=json` */
  readonly send: readonly string[];
  /** `variable=json` */
  readonly set: readonly string[];
}

/** `ebpf run`: loads, attaches everything, prints events until the run is over, and says what came and what was lost. */
export async function runObject(options: RunArguments): Promise<void> {
  checkFolder();
  await using bpf = await load(options.object, {
    engine: options.engine,
    variables: Object.fromEntries(options.set.map(parseAssignment)),
    onPrint: say,
    onFault: (fault) => console.error(`ebpf: ${printable(fault.message)}`),
  });
  if (bpf.engine === "embedded" && !hasCommand(options.command)) {
    throw new UsageError(
      "The embedded engine's events are the system calls of a command: add one, such as -- sh -c 'kill -0 $$'",
    );
  }
  const rings = bpf.spec.maps.filter((map) => mapKind(map.type).ring === "event");
  const opened = rings.map((map) => bpf.ringBuf(map.name));
  const printer = new EventPrinter(bpf.spec, rings, options.json === true, options.count);
  using end = new Ending(options.duration);

  const links = await bpf.attach();
  for (const [ring, message] of options.send.map(parseAssignment)) bpf.userRingBuf(ring).send(message as Fields);
  // Standard output is for events: with --json, nothing else may get between them.
  const streams = options.json === true ? "stderr" : "inherit";
  const command = hasCommand(options.command)
    ? await WatchedCommand.start(bpf, options.command, streams, end)
    : undefined;
  if (links.length === 0) say(nothingAttached(bpf));
  if (rings.length === 0) say(nothingToPrint(options));
  let exit: CommandExit | undefined;
  try {
    await Promise.all([end.reached, ...opened.map((ring) => printAll(ring, printer, end))]);
    exit = end.commandExit;
  } finally {
    if (exit === undefined) await command?.end();
  }
  if (rings.length > 0) say(summary(bpf, opened));
  for (const hint of hints(bpf, options)) say(hint);
  process.exitCode = end.exitCode ?? process.exitCode;
  if (exit !== undefined && end.exitCode === undefined) command?.refuseSignal(exit);
}

function hasCommand(command: readonly string[]): command is readonly [string, ...string[]] {
  return command.length > 0;
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

async function printAll(ring: RingBuf<Fields>, printer: EventPrinter, end: Ending): Promise<void> {
  for await (const event of ring.events({ until: end.reached })) {
    printer.print(ring.name, event);
    if (printer.full) break;
  }
  if (printer.full) end.now();
}

function summary(bpf: Collection, rings: readonly RingBuf<Fields>[]): string {
  let [received, overwritten] = [0, 0];
  for (const ring of rings) {
    received += ring.received;
    overwritten += ring.overwritten;
  }
  const lost = `received ${received} · lost ${bpf.lost ?? "not counted by this object"}`;
  return overwritten === 0 ? lost : `${lost} · overwritten ${overwritten} bytes`;
}

function nothingAttached({ spec }: Collection): string {
  const off = spec.programs.filter((program) => !program.autoload).map(({ name }) => name);
  const reason =
    off.length === 0 ? "" : `: the object wants ${off.join(", ")} left out (a section name that begins with "?")`;
  return `no program was attached${reason}; those of SEC("syscall") are run by hand, and those whose section names no place are told where: see run() and attach() of the library's programs`;
}

/** Said before the wait: silence could be anything. */
function nothingToPrint({ command, duration }: RunArguments): string {
  const ends = [
    ...(hasCommand(command) ? [`${command[0]} ends`] : []),
    ...(duration === undefined ? [] : [`${duration} s are over`]),
    "Ctrl-C",
  ];
  return `the object has no ring buffer, so no events are printed; it runs until ${ends.join(", or until ")}`;
}

/** A program that waits for messages is silent without them: say so rather than leave an empty table unexplained. */
function hints(bpf: Collection, options: RunArguments): string[] {
  const silent = bpf.spec.maps.filter(
    (map: MapSpec) =>
      mapKind(map.type).ring === "user" && !options.send.some((each) => each.startsWith(`${map.name}=`)),
  );
  return silent.map((map) => `nothing was sent to ${map.name}: --send '${map.name}={…}' sends it a message`);
}
