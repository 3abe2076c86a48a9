import * as module from "node:module";
import { NotSupportedError } from "../../base/errors.ts";

/** Node's own, as far as it is called. */
type Register = ((specifier: string) => void) | undefined;

/** Has Node ask a module of hooks, in a thread of its own, for what is imported from now on (Node 20.6). */
export function registerHooks(url: string): void {
  const { register } = module as { readonly register?: Register };
  if (register === undefined) {
    throw new NotSupportedError(
      "register",
      "Cannot import objects: this runtime has no hooks for imports, write modules with ebpf gen",
    );
  }
  register(url);
}
