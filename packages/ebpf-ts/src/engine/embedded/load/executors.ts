import { interpreter } from "../interpret/interpreter.ts";
import type { Executor } from "../machine/executor.ts";

/** By the name that an image carries. Another way to run programs is a line here, and a room of its own. */
export const executors: ReadonlyMap<string, Executor> = new Map([["interpreter", interpreter]]);

/** What a collection's programs run by, where nothing else is asked for. */
export const defaultExecutor = "interpreter";
