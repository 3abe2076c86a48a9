import type { RingBufHandle, UserRingBufHandle } from "ebpf-ts/embedded";

/** What the page hands to its worker. */
export interface WorkerRequest {
  readonly events: RingBufHandle<{ readonly pid: number }>;
  readonly samples: UserRingBufHandle<{ readonly i: number; readonly comm: string }>;
}

/** As far as it is used: the types of Node know of no Web Worker. */
export interface WebWorker {
  postMessage(message: unknown): void;
  addEventListener(
    type: string,
    listener: (event: { readonly data?: unknown; readonly message?: string }) => void,
  ): void;
  terminate(): void;
}

type WebWorkerConstructor = new (url: string, options: { readonly type: "module" }) => WebWorker;

export const PageWorker: WebWorkerConstructor = (globalThis as unknown as { Worker: WebWorkerConstructor }).Worker;

/** The next one. */
export function messageOf(worker: WebWorker): Promise<unknown> {
  return new Promise((resolve, reject) => {
    worker.addEventListener("message", ({ data }) => resolve(data));
    worker.addEventListener("error", ({ message }) => reject(new Error(`The worker failed: ${message}`)));
  });
}
