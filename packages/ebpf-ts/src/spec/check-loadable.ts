import type { Failures } from "../base/failures.ts";
import { ProgType } from "../uapi/uapi.gen.ts";
import { withoutKind } from "./section-name.ts";
import type { CollectionSpec } from "./types.ts";

/** What no engine could load, whatever it has: programs that are to be loaded, and are of no kind. */
export function checkLoadable(spec: CollectionSpec, failures: Failures): void {
  for (const program of spec.programs)
    if (program.autoload && program.type === ProgType.UNSPEC) failures.add(withoutKind(program));
}
