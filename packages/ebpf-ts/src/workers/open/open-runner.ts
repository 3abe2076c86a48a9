import { knowThreads } from "../../host/threads/thread-lives.ts";
import {
  type EventReports,
  type EventRunner,
  openEventRunner as open,
} from "../../engine/embedded/sources/event-runner.ts";
import type { MachineImage } from "../../engine/embedded/machine/image.ts";

/**
 * `openEventRunner` of `ebpf-ts/embedded`, for a thread of a source's own on this host: when the thread is terminated, others notice, and
 * take over what it holds.
 */
export function openEventRunner(image: MachineImage, reports: EventReports): EventRunner {
  knowThreads();
  return open(image, reports);
}
