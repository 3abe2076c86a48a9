import { EbpfError } from "../../base/errors.ts";
import type { Failures } from "../../base/failures.ts";
import { ProgType } from "../../uapi/uapi.gen.ts";
import type { Assembler } from "./assembler.ts";
import { mostInstructionsInAll, mostPrograms } from "../limits.ts";
import { withoutKind } from "../section-name.ts";
import type { CollectionSpec } from "../types.ts";

/**
 * What no engine could load, whatever it has: programs that are to be loaded, and are of no kind. Throws TOO_BIG at once when they are
 * too many, or have more than `most` instructions together.
 */
export function checkLoadable(
  spec: CollectionSpec,
  assembler: Assembler,
  failures: Failures,
  most: number = mostInstructionsInAll,
): void {
  const programs = spec.programs.filter(({ autoload }) => autoload);
  if (programs.length > mostPrograms)
    throw tooBig(`it has ${programs.length} programs, and at most ${mostPrograms} are supported`);
  let size = 0;
  for (const program of programs) {
    if (program.type === ProgType.UNSPEC) failures.add(withoutKind(program));
    size += assembler.sizeOf(program);
    if (size > most)
      throw tooBig(`its programs, with the functions that each reaches, have more than ${most} instructions`);
  }
}

function tooBig(why: string): EbpfError {
  return new EbpfError("TOO_BIG", `Cannot load the object: ${why}`);
}
