import { type PrintedLine, printed } from "ebpf-ts/kernel";
import { jsonText } from "../output/json.ts";
import { printLine } from "../output/print-line.ts";
import { say } from "../output/report-error.ts";
import { printable } from "../output/text.ts";
import { clockText, wallClock } from "../output/wall-clock.ts";
import { Ending } from "../run/ending.ts";

export interface TracelogOptions {
  readonly json?: boolean;
}

/** `ebpf prog tracelog`: until a signal, or until nobody reads. */
export async function tracelog({ json }: TracelogOptions): Promise<void> {
  using end = new Ending(undefined);
  await using lines = printed({ until: end.reached });
  for await (const line of lines) printLine(json === true ? jsonText(asJson(line)) : asText(line));
  if (lines.lost > 0) say(`${lines.lost} lines were lost: they came faster than they were read`);
  process.exitCode = end.exitCode ?? process.exitCode;
}

function asText({ time, pid, cpu, text }: PrintedLine): string {
  return `${clockText(wallClock(time))}  pid ${String(pid).padEnd(7)}  cpu ${String(cpu).padEnd(3)}  ${printable(text)}`;
}

function asJson({ time, pid, cpu, text }: PrintedLine): object {
  return { time: wallClock(time).toISOString(), pid, cpu, text };
}
