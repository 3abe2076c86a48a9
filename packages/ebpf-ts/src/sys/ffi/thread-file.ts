import { closeFile } from "../../host/open-files.ts";
import { endsFilesOfThreads } from "../../host/this-process.ts";
import { openNamed } from "../../host/named-files.ts";
import { OpenFlag } from "../../uapi/uapi.gen.ts";
import { func } from "./libc.ts";

/** A descriptor under the number of a file that the runtime has opened. */
export interface ThreadFile {
  readonly fd: number;
  readonly close: (fd: number) => void;
}

/**
 * Descriptors belong to the process, and outlive the thread that asked for them. Node closes those that it has opened itself for a worker thread,
 * in whichever way that ends: by itself, by `process.exit()`, or terminated in the middle of anything. So in a worker a descriptor takes the place
 * of such a file:
 *
 * ```text
 *   open("/dev/null")    Node notes the number, and closes it after the thread's last JavaScript, once the threads that it started have ended
 *   dup3(fd, number)     what has that number is ours now
 *   close(fd)
 * ```
 * Undefined where it cannot: the descriptor then lives until the process ends, as it does with a worker of `trackUnmanagedFds: false`.
 */
export function takenOver(fd: number): ThreadFile | undefined {
  if (!endsFilesOfThreads) return undefined;
  const number = placeholder();
  if (number === undefined) return undefined;
  if (func("int dup3(int from, int to, int flags)")(fd, number, OpenFlag.CLOEXEC) < 0) {
    closeFile(number);
    return undefined;
  }
  func("int close(int fd)")(fd);
  return { fd: number, close: closeFile };
}

/** There may be no number left, no such device, or no permission: nothing that the descriptor itself would need. */
function placeholder(): number | undefined {
  try {
    return openNamed("/dev/null", "read");
  } catch {
    return undefined;
  }
}
