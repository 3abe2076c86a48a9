/** A thread that was started by `startThread`, as it sees itself. */
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";

/** What the data of a thread that asks for its orders have beside their own: Deno's `parentPort` cannot be asked. */
export interface AskedOrders {
  readonly orders: MessagePort;
}

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

/** The oldest order that has come, for a thread that does not return to its event loop: one that was started to ask (`asks`). */
export function nextOrder<Order>(): Order | undefined {
  const { orders } = workerData as AskedOrders;
  return (receiveMessageOnPort(orders) as { readonly message: Order } | undefined)?.message;
}

/** Takes no more orders, so that it ends when nothing else keeps it, and after so many milliseconds in any case. */
export function endWithin(ms: number): void {
  // Deno has no `close` there.
  if (typeof parentPort?.close === "function") parentPort.close();
  else parentPort?.unref();
  setTimeout(() => process.exit(0), ms).unref();
}
