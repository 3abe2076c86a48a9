import { BenchFailure } from "./failure.ts";

/** This host cannot run a case at all: it is told, and the others run. */
export class NotRunnable extends BenchFailure {}
