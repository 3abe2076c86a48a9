import { EbpfError, VerifierError } from "ebpf-ts";

/** A wrong use of the command line that only shows once the object is known. */
export class UsageError extends Error {}

/**
 * One sentence on standard error, and the exit code: 2 for wrong usage, 1 for everything else. Stack traces and
 * whole logs are for those who ask with DEBUG.
 */
export function reportError(error: unknown): number {
  const debug = Boolean(process.env["DEBUG"]);
  if (debug) console.error(error);
  else console.error(`ebpf: ${error instanceof Error ? error.message : String(error)}`);
  if (debug && error instanceof VerifierError) console.error(error.log);
  return error instanceof UsageError || (error instanceof TypeError && !(error instanceof EbpfError)) ? 2 : 1;
}
