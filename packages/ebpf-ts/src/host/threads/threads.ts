import * as files from "node:fs";
import { fileURLToPath } from "node:url";
import { MessageChannel, Worker, type WorkerOptions } from "node:worker_threads";
import { EbpfError, type EbpfErrorCode, tooManyFiles } from "../../base/errors.ts";
import { atExit } from "../at-exit.ts";
import { tryDescriptors } from "../descriptors.ts";
import { type GatedThread, startGated } from "../exit-gate.ts";
import { refuseIfLockedDown } from "../locked-down.ts";
import type { AskedOrders } from "./this-thread.ts";

/**
 * What a thread takes at its start, while it imports its modules, side by side: 33 for the one that traces commands, which has most of
 * them. With fewer, Node fails to start it, and leaves an epoll open each time, or a module (seen with 20.20).
 */
const descriptors = 48;

/**
 * `sleep`: sleeps in the system for another thread. `programs`: runs eBPF programs. `modules`: runs the user's modules, which find the
 * environment, and the options of Node, that they would have in the thread that starts it.
 */
export type ThreadWork = "sleep" | "programs" | "modules";

const settings: Readonly<Record<ThreadWork, WorkerOptions>> = {
  sleep: { execArgv: [], env: {}, resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 4 } },
  programs: { execArgv: [], env: {} },
  modules: {},
};

export interface ThreadOptions<Report> {
  /** `new URL("./ebpf-…-worker.js", import.meta.url)`, written out where it is handed in: a bundle has that file beside it (docs/bundling.md). */
  readonly script: URL;
  readonly name: string;
  readonly work: ThreadWork;
  /** It asks for its orders (`nextOrder`), rather than being told of them (`onOrder`). Its data are an object. */
  readonly asks?: boolean | undefined;
  /** A structured clone of it is what `threadData()` gives in the thread. */
  readonly data: unknown;
  /** What cannot be done without the thread, and the code of the error that says so. */
  readonly action: string;
  readonly code: EbpfErrorCode;
  /** Gets it out of a system call, in which no thread can be ended: called at the end of the process, which would wait for it. */
  readonly wake?: (() => void) | undefined;
  readonly onReport: (report: Report) => void;
  /** What ends it: an uncaught error, or that it cannot start. */
  readonly onError?: ((cause: unknown) => void) | undefined;
  /** It has ended, or was never started. Nothing is called before {@link startThread} has returned. */
  readonly onEnd: (exitCode: number) => void;
}

/** A thread of ours, as the thread sees it that has started it. */
export interface Thread<Order> {
  tell(order: Order): void;
  /** Whether it keeps the process running; at first it does. */
  hold(wanted: boolean): void;
  /** Ends it, wherever it is in JavaScript. */
  terminate(): void;
}

/**
 * Throws NO_PRIVILEGE in a process that was locked down so that it loads no modules, TOO_MANY_FILES where there are too few descriptors, NOT_FOUND where the script is not, and an error with the `code` where a thread
 * cannot be started for another reason, such as no current folder; data that cannot be cloned is a DataCloneError. Whatever else is
 * missing (memory) is an end of it.
 */
export function startThread<Report, Order = never>(options: ThreadOptions<Report>): Thread<Order> {
  const { onReport, onError = () => {}, onEnd, wake } = options;
  const { thread, tell, close } = start(options);
  const forget = wake === undefined ? undefined : atExit(wake);
  thread.on("message", onReport);
  thread.on("error", onError);
  thread.on("exit", (exitCode) => {
    forget?.();
    onEnd(exitCode);
  });
  return {
    tell,
    hold: (wanted) => (wanted ? thread.ref() : thread.unref()),
    terminate: () => {
      close();
      void thread.terminate();
    },
  };
}

/** A bundler that was not told of the file has left it out; the thread's own error would say so to nobody who waits for a thread. */
function requireScript(script: URL, action: string): void {
  if (script.protocol !== "file:" || files.existsSync(script)) return;
  const path = fileURLToPath(script);
  throw new EbpfError("NOT_FOUND", `Cannot ${action}: there is no ${path}, which a bundle must have beside it`);
}

interface Started extends GatedThread<Worker> {
  readonly tell: (order: unknown) => void;
}

function start({ script, name, data, work, asks = false, action, code }: ThreadOptions<never>): Started {
  refuseIfLockedDown(action, "modules");
  requireScript(script, action);
  try {
    tryDescriptors(files, descriptors);
    const options = { name, workerData: data, ...settings[work] };
    if (asks) return startAsking(script, options);
    const started = startGated(() => new Worker(script, options));
    return { ...started, tell: (order) => started.thread.postMessage(order) };
  } catch (cause) {
    if (cause instanceof DOMException) throw cause;
    const message = `Cannot ${action}: a thread for it cannot be started (${(cause as Error).message})`;
    throw tooManyFiles(cause, action) ?? new EbpfError(code, message, { cause });
  }
}

function startAsking(script: URL, options: WorkerOptions): Started {
  const { port1, port2 } = new MessageChannel();
  const workerData = { ...(options.workerData as object), orders: port2 } satisfies AskedOrders;
  const started = startGated(() => new Worker(script, { ...options, workerData, transferList: [port2] }));
  port1.unref();
  return { ...started, tell: (order) => port1.postMessage(order) };
}
