import { aString } from "../base/checks.ts";
import { EbpfError } from "../base/errors.ts";
import { namesInstead } from "../base/near-name.ts";

/** What an object has by that name; `what` is for the error, which lists what there is. */
export function find<T extends { readonly name: string }>(list: readonly T[], name: string, what: string): T {
  aString(name, `The name of a ${what}`);
  const found = list.find((candidate) => candidate.name === name);
  if (found !== undefined) return found;
  const names = list.map((candidate) => candidate.name);
  throw new EbpfError("NOT_FOUND", `Cannot find ${what} ${name}: ${namesInstead(name, names)}`);
}
