import { isatty } from "node:tty";

/** Ends this process as SIGHUP does, where its terminal is gone: Node's own end would try to set that terminal right, and abort (20.20). */
export function endWithTerminal(): void {
  const streams = [process.stdin, process.stdout, process.stderr];
  if (streams.some((stream, descriptor) => stream.isTTY && !isatty(descriptor))) process.kill(process.pid, "SIGHUP");
}
