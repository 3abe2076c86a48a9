import type { Case } from "./case.ts";
import { arrayCases } from "./cases/array.ts";
import { blockingCases } from "./cases/blocking.ts";
import { cpuCases } from "./cases/cpu.ts";
import { dispatchCases } from "./cases/dispatch.ts";
import { injectCases } from "./cases/inject.ts";
import { ioUringCases } from "./cases/io-uring.ts";
import { loadCases } from "./cases/load.ts";
import { loadTurnCases } from "./cases/load-turns.ts";
import { nodeCases } from "./cases/node.ts";
import { perfCases } from "./cases/perf.ts";
import { ringCases } from "./cases/ring.ts";
import { rssCases } from "./cases/rss.ts";
import { startCases } from "./cases/start.ts";
import { userRingCases } from "./cases/user-ring.ts";

/** Everything that `npm run bench` measures, in the order in which it does. */
export const cases: readonly Case[] = [
  ...ringCases,
  ...cpuCases,
  ...nodeCases,
  ...userRingCases,
  ...arrayCases,
  ...perfCases,
  ...blockingCases,
  ...injectCases,
  ...dispatchCases,
  ...ioUringCases,
  ...rssCases,
  ...startCases,
  ...loadCases,
  ...loadTurnCases,
];
