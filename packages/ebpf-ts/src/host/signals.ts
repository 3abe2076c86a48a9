import { constants } from "node:os";
import { refusalCode } from "./refusal.ts";

export type SignalName = NodeJS.Signals;

const names = new Map(Object.entries(constants.signals).map(([name, number]) => [number as number, name]));

/** The system's number. */
export function signalNumber(name: SignalName): number {
  return constants.signals[name];
}

/** `signal 64` for one without a name of its own. */
export function signalName(number: number): string {
  return names.get(number) ?? `signal ${number}`;
}

/** False when there is no such process any more. */
export function sendSignal(pid: number, signal: SignalName | number): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch (cause) {
    if (refusalCode(cause) === "ESRCH") return false;
    throw cause;
  }
}

/** Whether there is a process of that number, whosever it is. */
export function isProcess(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return refusalCode(cause) !== "ESRCH";
  }
}
