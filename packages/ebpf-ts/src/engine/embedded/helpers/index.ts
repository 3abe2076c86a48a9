import { HelperId } from "../../../uapi/uapi.gen.ts";
import { controlHelpers } from "./control.ts";
import { dynptrHelpers } from "./dynptr.ts";
import type { HelperFunction } from "./helper.ts";
import { mapHelpers } from "./maps.ts";
import { probeHelpers } from "./probe.ts";
import { ringHelpers } from "./ring.ts";
import { stringHelpers } from "./strings.ts";
import { taskHelpers } from "./task.ts";
import { timeHelpers } from "./time.ts";
import { traceHelpers } from "./trace.ts";

export interface Helper {
  /** The kernel's name without `bpf_`. */
  readonly name: keyof typeof HelperId;
  readonly call: HelperFunction;
}

const groups = [
  mapHelpers,
  ringHelpers,
  dynptrHelpers,
  timeHelpers,
  taskHelpers,
  traceHelpers,
  probeHelpers,
  controlHelpers,
  stringHelpers,
];

/** Every helper that the embedded engine has, by its BPF_FUNC_* id. */
export const helperTable: ReadonlyMap<number, Helper> = new Map(
  groups.flatMap((group) =>
    Object.entries(group).map(([name, call]): [number, Helper] => {
      const known = name as keyof typeof HelperId;
      return [HelperId[known], { name: known, call }];
    }),
  ),
);
