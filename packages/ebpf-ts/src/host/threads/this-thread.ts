/** A thread that was started by `startThread`, as it sees itself. */
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";

/** What it was started with. */
export function threadData<T>(): T {
  return workerData as T;
}

export function report(message: unknown): void {
  parentPort?.postMessage(message);
}

/** From now on the thread lives until {@link endWithin}. */
export function onOrder<Order>(listener: (order: Order) => void): void {
  parentPort?.on("message", listener);
}

/** The oldest order that has come, for a thread that does not return to its event loop. */
export function nextOrder<Order>(): Order | undefined {
  return (receiveMessageOnPort(parentPort!) as { readonly message: Order } | undefined)?.message;
}

/** Takes no more orders, so that it ends when nothing else keeps it, and after so many milliseconds in any case. */
export function endWithin(ms: number): void {
  parentPort?.close();
  setTimeout(() => process.exit(0), ms).unref();
}
