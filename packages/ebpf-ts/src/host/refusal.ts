import { EbpfError, tooManyFiles } from "../base/errors.ts";
import { lockedDownBy } from "./locked-down.ts";

/** The system's name for what it refused (`ENOENT`), as the runtime's errors have it. */
export function refusalCode(cause: unknown): string {
  return (cause as { readonly code?: string } | undefined)?.code ?? "unknown error";
}

/** What Deno has to be given (`--allow-read`), as it says so itself; undefined for any other cause. */
export function missingPermission(cause: unknown): string | undefined {
  const { name, message } = Object(cause) as { readonly name?: unknown; readonly message?: unknown };
  return name === "NotCapable" ? `Deno ${String(message).replace(/^Requires/, "requires")}` : undefined;
}

/**
 * The error for what the runtime threw: TOO_MANY_FILES where no descriptor is left, NO_PRIVILEGE where this process was locked down, or
 * where Deno was not given a permission, else what
 * `otherwise` says of the code. `action` follows "Cannot".
 */
export function refusal(cause: unknown, action: string, otherwise: (code: string) => EbpfError): EbpfError {
  return (
    tooManyFiles(cause, action) ??
    refusedByLockDown(cause, action) ??
    notPermitted(cause, action) ??
    otherwise(refusalCode(cause))
  );
}

/** NO_PRIVILEGE where Deno was not given a permission; undefined for any other cause. */
export function notPermitted(cause: unknown, action: string): EbpfError | undefined {
  const why = missingPermission(cause);
  return why === undefined ? undefined : new EbpfError("NO_PRIVILEGE", `Cannot ${action}: ${why}`, { cause });
}

function refusedByLockDown(cause: unknown, action: string): EbpfError | undefined {
  const code = refusalCode(cause);
  const why = code === "EPERM" || code === "EACCES" ? lockedDownBy("files") : undefined;
  return why === undefined ? undefined : new EbpfError("NO_PRIVILEGE", `Cannot ${action}: ${why} (${code})`, { cause });
}
