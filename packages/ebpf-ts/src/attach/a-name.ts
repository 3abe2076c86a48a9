import { type Check, wrongKind } from "../base/checks.ts";

/** Of something in the kernel or in a file: none has a NUL. */
export const aName: Check = (value, what) => {
  if (typeof value !== "string" || value === "" || value.includes("\0")) throw wrongKind(what, "a name", value);
};
