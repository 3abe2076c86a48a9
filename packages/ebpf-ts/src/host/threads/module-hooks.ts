import * as module from "node:module";
import {
  MessageChannel,
  type MessagePort,
  parentPort,
  receiveMessageOnPort,
  Worker,
  workerData,
} from "node:worker_threads";
import { EbpfError, NotSupportedError } from "../../base/errors.ts";
import { runsOnV8 } from "../this-process.ts";

/** What Node's hook gives for a module. */
export interface LoadedModule {
  readonly format: string;
  readonly source?: string | undefined;
  readonly shortCircuit?: boolean | undefined;
}

type NextLoad = (url: string, context: object) => LoadedModule;
interface SyncHooks {
  readonly load: (url: string, context: object, next: NextLoad) => LoadedModule;
}

/** Node's own, as far as they are called. */
interface NodeModule {
  readonly registerHooks?: (hooks: SyncHooks) => void;
  readonly register?: (specifier: string) => void;
}

/** Some modules of those that are imported, and the URL of the program that gives them. */
export interface ModuleHooks {
  readonly isWanted: (url: string) => boolean;
  /** Has a function `load`, as older Node asks for it in a thread of its own. */
  readonly hooks: URL;
  /** Calls {@link giveModules} where it {@link givesModules}. */
  readonly thread: URL;
}

/**
 * Has Node ask for those modules from now on (Node 20.6). Newer Node takes hooks that answer at once, of which it has no thread: what is
 * asynchronous is done in one of ours, which the importing thread waits for.
 */
export function registerHooks({ isWanted, hooks, thread }: ModuleHooks): void {
  const node = module as NodeModule;
  if (node.registerHooks !== undefined) {
    let giver: Worker | undefined;
    const load: SyncHooks["load"] = (url, context, next) => {
      if (!isWanted(url)) return next(url, context);
      giver ??= startGiver(thread);
      return askFor(url, giver);
    };
    node.registerHooks({ load });
  } else if (node.register === undefined || !runsOnV8) {
    // Bun has a function of that name, which does nothing.
    throw new NotSupportedError(
      "register",
      "Cannot import objects: this runtime has no hooks for imports, write modules with ebpf gen",
    );
  } else node.register(hooks.href);
}

/** Milliseconds until a thread has started, on the busiest machine. */
const longestStart = 120_000;

interface Question {
  readonly url: string;
  /** Gets the {@link Answer}. */
  readonly port: MessagePort;
  /** One word: {@link asked}, {@link heard}, {@link answered}. */
  readonly progress: Int32Array;
}

const asked = 0;
const heard = 1;
const answered = 2;

type Answer = { readonly loaded: LoadedModule } | { readonly error: unknown };

const role = "ebpf-ts: gives modules";

/** Whether this thread is the one that {@link giveModules}. */
export const givesModules: boolean = workerData === role;

/** Without flags: `--import` would have it register hooks as well. */
function startGiver(program: URL): Worker {
  const giver = new Worker(program, { execArgv: [], workerData: role });
  giver.unref();
  return giver;
}

function askFor(url: string, giver: Worker): LoadedModule {
  const { port1, port2 } = new MessageChannel();
  const progress = new Int32Array(new SharedArrayBuffer(4));
  giver.postMessage({ url, port: port2, progress } satisfies Question, [port2]);
  if (Atomics.wait(progress, 0, asked, longestStart) === "timed-out")
    throw new EbpfError("WORKER", `Cannot import ${url}: the thread that reads it does not start`);
  Atomics.wait(progress, 0, heard);
  const answer = receiveMessageOnPort(port1)!.message as Answer;
  port1.close();
  if ("error" in answer) throw answer.error;
  return answer.loaded;
}

/** In the thread: answers with what `load` gives, or why it cannot. */
export function giveModules(load: (url: string) => Promise<LoadedModule>): void {
  parentPort!.on("message", ({ url, port, progress }: Question) => {
    const advance = (to: number): void => {
      Atomics.store(progress, 0, to);
      Atomics.notify(progress, 0);
    };
    const answer = (given: Answer): void => {
      try {
        port.postMessage(given);
      } catch {
        // The cause of an error may be anything.
        port.postMessage({ error: new Error(String("error" in given && given.error)) });
      }
      advance(answered);
    };
    advance(heard);
    load(url).then(
      (loaded) => answer({ loaded }),
      (error: unknown) => answer({ error }),
    );
  });
}
