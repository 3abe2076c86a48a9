import { inspect } from "node:util";
import { printable, printableLines } from "./text.ts";

/** Of the command itself: 0 for a run that ended as it should, `faults` where runs of programs were ended by faults meanwhile. One that a signal ended has 128 and the signal's number. */
export const ExitCode = { failure: 1, usage: 2, faults: 3 } as const;

/** A wrong use of the command line that only shows once the object is known. */
export class UsageError extends Error {}

/** Codes of the library's errors for names that an object does not have, and values that its types do not take. */
const misfits = new Set<unknown>(["NOT_FOUND", "BAD_VALUE", "TOO_BIG"]);

/** For what compares the arguments with the object, and does nothing else: what does not fit is a wrong use of the command line. */
export function asUsage<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof Error && "code" in error && misfits.has(error.code))) throw error;
    throw new UsageError(error.message, { cause: error });
  }
}

/** One sentence on standard error, and the exit code. Stack traces and whole logs are for those who ask with DEBUG. */
export function reportError(error: unknown): number {
  if (process.env["DEBUG"]) {
    say(inspect(error));
    if (hasLog(error)) say(error.log);
  } else {
    console.error(`ebpf: ${printable(sentence(error))}`);
  }
  return error instanceof UsageError || error instanceof TypeError ? ExitCode.usage : ExitCode.failure;
}

/** The library's VerifierError, known by what it has: the library is not read in order to say `--help`. */
export function hasLog(error: unknown): error is { readonly log: string } {
  return error instanceof Error && "log" in error && typeof error.log === "string";
}

/** For text of programs and of objects. */
export function say(text: string): void {
  console.error(printableLines(text));
}

function sentence(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  // The library names its own option.
  return message.replaceAll("\n", "; ").replaceAll('use engine: "embedded"', "use ebpf run --engine embedded");
}
