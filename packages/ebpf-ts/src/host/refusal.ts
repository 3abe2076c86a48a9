import { type EbpfError, tooManyFiles } from "../base/errors.ts";

/** The system's name for what it refused (`ENOENT`), as the runtime's errors have it. */
export function refusalCode(cause: unknown): string {
  return (cause as { readonly code?: string } | undefined)?.code ?? "unknown error";
}

/** The error for what the runtime threw: TOO_MANY_FILES where no descriptor is left, else what `otherwise` says of the code. `action` follows "Cannot". */
export function refusal(cause: unknown, action: string, otherwise: (code: string) => EbpfError): EbpfError {
  return tooManyFiles(cause, action) ?? otherwise(refusalCode(cause));
}
