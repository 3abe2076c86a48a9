import { Socket } from "node:net";

/** The end of a pipe that is written to. It does not keep the process running. */
export interface PipeEnd {
  write(text: string): void;
  /** Closes it once all is written. */
  end(): void;
  /** Closes it at once. Idempotent. */
  destroy(): void;
}

/** Takes the descriptor over. What cannot be written because nobody reads any more is lost, as with any pipe. */
export function openPipeEnd(fd: number): PipeEnd {
  const socket = new Socket({ fd, readable: false, writable: true });
  socket.on("error", () => socket.destroy());
  socket.unref();
  return socket;
}
