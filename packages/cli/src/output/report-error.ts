import { inspect } from "node:util";
import { EbpfError, VerifierError } from "ebpf-ts";
import { printable, printableLines } from "./text.ts";

/** Of the command itself: 0 for a run that ended as it should. One that a signal ended has 128 and the signal's number. */
export const ExitCode = { failure: 1, usage: 2 } as const;

/** A wrong use of the command line that only shows once the object is known. */
export class UsageError extends Error {}

/** One sentence on standard error, and the exit code. Stack traces and whole logs are for those who ask with DEBUG. */
export function reportError(error: unknown): number {
  if (process.env["DEBUG"]) {
    say(inspect(error));
    if (error instanceof VerifierError) say(error.log);
  } else {
    console.error(`ebpf: ${printable(sentence(error))}`);
  }
  return error instanceof UsageError || (error instanceof TypeError && !(error instanceof EbpfError))
    ? ExitCode.usage
    : ExitCode.failure;
}

/** For text of programs and of objects. */
export function say(text: string): void {
  console.error(printableLines(text));
}

function sentence(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replaceAll("\n", "; ");
}
