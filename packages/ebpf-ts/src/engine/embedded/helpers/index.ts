import { HelperId } from "../../../uapi/uapi.gen.ts";
import { controlHelpers } from "./control.ts";
import { dynptrHelpers } from "./dynptr.ts";
import type { HelperFunction, HelperTable } from "../machine/helper.ts";
import type { HelperGroup } from "./helper.ts";
import { mapHelpers } from "./maps.ts";
import { perfHelpers } from "./perf.ts";
import { probeHelpers } from "./probe.ts";
import { ringHelpers } from "./ring.ts";
import { stringHelpers } from "./strings.ts";
import { taskHelpers } from "./task.ts";
import { timeHelpers } from "./time.ts";
import { traceHelpers } from "./trace.ts";

const groups = [
  mapHelpers,
  ringHelpers,
  perfHelpers,
  dynptrHelpers,
  timeHelpers,
  taskHelpers,
  traceHelpers,
  probeHelpers,
  controlHelpers,
  stringHelpers,
];

/**
 * Every helper that the embedded engine has, by its BPF_FUNC_* id. A helper is a function in the file of its subject, under the kernel's
 * name for it, by which it finds its number; a subject is a line above.
 */
export const helpers: HelperTable = tableOf(Object.assign({}, ...groups) as HelperGroup);

function tableOf(group: HelperGroup): HelperTable {
  const table: (HelperFunction | undefined)[] = new Array(Math.max(...Object.values(HelperId)) + 1).fill(undefined);
  for (const [name, call] of Object.entries(group)) table[HelperId[name as keyof typeof HelperId]] = call;
  return table;
}
