import { EbpfError } from "../../base/errors.ts";

/** What was thrown, in a form that survives `postMessage`: a structured clone drops the code of our errors, and refuses functions. */
export type ErrorReport = { readonly code: string | undefined; readonly thrown: unknown };

export function describeError(error: unknown): ErrorReport {
  const code = error instanceof EbpfError ? error.code : undefined;
  try {
    structuredClone(error);
    return { code, thrown: error };
  } catch {
    const { message, stack } = error instanceof Error ? error : new Error(String(error));
    const plain = new Error(message);
    if (stack !== undefined) plain.stack = stack;
    return { code, thrown: plain };
  }
}

/** The error as the handler threw it, as far as it survived. */
export function restoreError(report: ErrorReport): unknown {
  const { code, thrown } = report;
  if (code === undefined || !(thrown instanceof Error)) return thrown;
  return new EbpfError(code as EbpfError["code"], thrown.message, { cause: thrown });
}

/** A worker thread that ended without being told to. */
export function workerDeath(ring: string, worker: number, exitCode: number, cause: unknown): EbpfError {
  const why = cause instanceof Error ? cause.message : `it ended with code ${exitCode}`;
  return new EbpfError("WORKER", `Worker ${worker} of ring ${ring} died: ${why}`, { cause });
}
