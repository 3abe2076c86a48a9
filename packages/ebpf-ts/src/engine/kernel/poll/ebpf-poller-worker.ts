/**
 * The thread that sleeps for all rings of the process. It blocks in epoll_wait(2) and tells the main thread the token
 * of every bell that rang, after the stop token once, when it begins; everything else about bells is the main thread's (poller.ts).
 */
import { report, threadData } from "../../../host/threads/this-thread.ts";
import { EpollWaiter } from "../../../sys/poll/epoll.ts";
import { Errno } from "../../../uapi/errno.ts";

export interface PollerThreadData {
  readonly epoll: number;
  readonly stopToken: number;
}

/** Bounds how long a thread that is terminated from outside, which a blocking call cannot notice, may live on. */
const LONGEST_WAIT = 1000;
const EVENTS_AT_ONCE = 64;

function run(data: PollerThreadData): void {
  const waiter = new EpollWaiter(data.epoll, EVENTS_AT_ONCE);
  report(data.stopToken); // from now on it is this thread that waits
  for (;;) {
    const count = waiter.wait(LONGEST_WAIT);
    if (count === -Errno.EINTR) continue;
    if (count < 0) throw new Error(`epoll_wait failed with errno ${-count}`);
    for (let index = 0; index < count; index++) {
      const token = waiter.token(index);
      if (token === data.stopToken) return;
      report(token);
    }
  }
}

run(threadData());
