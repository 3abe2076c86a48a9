import type { MapPrinter } from "../maps/map-printer.ts";
import { say } from "../output/report-error.ts";
import type { Ending } from "./ending.ts";
import type { EventPrinter, ShownEvent } from "./event-printer.ts";
import type { Source } from "./sources.ts";
import { TimeOrder } from "./time-order.ts";

export interface ShowOptions {
  readonly sources: readonly Source[];
  readonly printer: EventPrinter;
  /** Left out where none are to be shown. */
  readonly maps: MapPrinter | undefined;
  /** Seconds between two looks at the maps. */
  readonly interval: number | undefined;
  readonly end: Ending;
}

/** Prints events as they come until the run is over, then the maps; and those every `interval` seconds, too. */
export async function show({ sources, printer, maps, interval, end }: ShowOptions): Promise<void> {
  const print = (event: ShownEvent): void => {
    printer.print(event);
    if (printer.full) end.now();
  };
  const order = needsOrder(sources) ? new TimeOrder(print, delayOf(sources)) : undefined;
  const onEvent = (event: ShownEvent): boolean => {
    if (order === undefined) print(event);
    else order.add(event);
    return !printer.full;
  };
  let over = false;
  const printMaps = async (isOver?: () => boolean): Promise<boolean> =>
    maps === undefined || (await maps.print(printer.printed === 0, interval !== undefined, isOver));
  let printing: Promise<unknown> | undefined;
  const look = (): void => {
    // One that takes longer than the interval leaves the next out.
    if (printing !== undefined) return;
    order?.flush();
    // What is read when the run ends is read once more.
    printing = printMaps(() => over).catch((error: unknown) => end.fail(error));
    void printing.then(() => (printing = undefined));
  };
  const timer = interval === undefined ? undefined : setInterval(look, interval * 1000);
  try {
    await Promise.all([end.reached, ...sources.map((source) => source.read(end.reached, onEvent))]);
  } finally {
    over = true;
    clearInterval(timer);
    order?.flush();
  }
  await printing;
  if (!(await printMaps()) && sources.length === 0) say("there is nothing in the maps");
}

/** Milliseconds. Rings wake their readers; the kernel's buffer of printed lines is looked at now and then. */
function delayOf(sources: readonly Source[]): number {
  return sources.some(({ kind }) => kind === "printk") ? 400 : 100;
}

/** One ring is read as it comes; the rings of several CPUs, or several of one object, are not. */
function needsOrder(sources: readonly Source[]): boolean {
  return sources.length > 1 || sources.some(({ kind }) => kind === "perf");
}
