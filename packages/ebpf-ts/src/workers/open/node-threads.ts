import { atExit } from "../../host/at-exit.ts";
import type { ThreadHost } from "../handles/thread-host.ts";
import { openRing } from "./open-ring.ts";

export const nodeThreads: ThreadHost = { openRing: (handle) => openRing(handle), atExit };
