import { fileURLToPath } from "node:url";

/** Objects of single cases, in the folder bench/; the compiled file is in bench/build/. */
const object = (name: string): string => fileURLToPath(new URL(`../${name}.bpf.o`, import.meta.url));

/** An array of 1,000 counters. */
export const countersObject: string = object("counters");
/** A user ring whose drain does nothing with the samples. */
export const drainObject: string = object("drain");
/** A producer of events through a perf event array, which is pinned by its name. */
export const perfObject: string = object("perf");
/** A small object with a place where it is attached. */
export const startObject: string = object("start");
/** A hundred CO-RE relocations, in programs that hardly ever fire. */
export const relocatedObject: string = object("load");
