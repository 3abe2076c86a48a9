import { EbpfError } from "../../../../base/errors.ts";
import { showValue } from "../../../../base/checks.ts";
import { nearName } from "../../../../base/near-name.ts";
import type { EventSource, RunningSource, SourceHost } from "../event-source.ts";
import { RunningCalls } from "./running-calls.ts";

/** By the name that programs know them by. */
export type Functions = Readonly<Record<string, (...args: never[]) => unknown>>;

/**
 * Functions of JavaScript, whose calls are what a `SEC("uprobe/<path>:<name>")` program sees, and their ends what a `uretprobe` sees: in the
 * registers of `struct pt_regs`, as if they were functions of C.
 *
 * | an argument or result that is | is seen as |
 * |---|---|
 * | a number, a bigint, a boolean | 64 bits: fractions are cut off, larger numbers wrap around |
 * | a string | the address of its UTF-8, with a NUL behind it, for `bpf_probe_read_user_str` |
 * | a Uint8Array | the address of its bytes, for `bpf_probe_read_user` |
 * | anything else | 0 |
 *
 * Addresses hold until the program ends. Programs run before the function does and after it has returned, in this thread. One that
 * throws does not return, and one that gives a promise returns when it gives it.
 */
export class FunctionCalls<F extends Functions> implements EventSource {
  readonly name: string;
  readonly places: readonly string[];
  /** To be called in place of the functions that were given: only these calls are seen. */
  readonly functions: F;
  /** Replaced when it changes: a program that runs may end a collection. */
  #running: readonly RunningCalls[] = [];
  readonly #find: (place: string) => string | undefined;

  /** @param path What stands for the executable: a name of one's own. */
  constructor(path: string, functions: F) {
    const names = Object.keys(checked(path, functions));
    this.name = `calls of ${path}`;
    this.places = names.map((name) => `uprobe/${path}:${name}`);
    this.functions = Object.fromEntries(names.map((name) => [name, this.#traced(name, functions[name]!)])) as F;
    this.#find = (place) => findFunction(place, path, names);
  }

  /** Called when a collection with this source is loaded; several may share it. */
  start(host: SourceHost): RunningSource {
    const running = new RunningCalls(host, this.#find, () => {
      this.#running = this.#running.filter((other) => other !== running);
    });
    this.#running = [...this.#running, running];
    return running;
  }

  #traced(name: string, call: Functions[string]): Functions[string] {
    return new Proxy(call, {
      apply: (target, self: unknown, args: unknown[]): unknown => {
        for (const running of this.#running) running.onCall(name, args);
        const result: unknown = Reflect.apply(target, self, args);
        for (const running of this.#running) running.onReturn(name, result);
        return result;
      },
    });
  }
}

function checked<F extends Functions>(path: string, functions: F): F {
  if (typeof path !== "string" || path === "")
    throw new TypeError(`The path of FunctionCalls must be a name, not ${showValue(path)}`);
  if (typeof functions !== "object" || functions === null)
    throw new TypeError(`The functions of FunctionCalls must be an object, not ${showValue(functions)}`);
  for (const [name, call] of Object.entries(functions)) {
    if (typeof call !== "function") throw new TypeError(`${name} of FunctionCalls is no function`);
  }
  return functions;
}

/** What a place names; undefined when it is of another executable. */
function findFunction(place: string, path: string, names: readonly string[]): string | undefined {
  if (!place.startsWith(`${path}:`)) return undefined;
  const name = place.slice(path.length + 1);
  if (names.includes(name)) return name;
  const near = nearName(name, names);
  const hint = near === undefined ? `there are ${names.join(", ")}` : `did you mean ${near}?`;
  throw new EbpfError("NOT_FOUND", `Cannot find function ${name} of ${path}: ${hint}`);
}
