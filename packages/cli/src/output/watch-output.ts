/** A reader that has seen enough (`| head -1`) ends the run and is no failure; an output that cannot be written is one. */
export function watchOutput(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (!isLost && error.code !== "EPIPE") {
      console.error(`ebpf: Cannot write to standard output: ${reasons[error.code ?? ""] ?? error.message}`);
      process.exitCode = 1;
    }
    isLost = true;
  });
  // There is nowhere left to say that nothing can be said.
  process.stderr.on("error", () => {});
}

let isLost = false;

const reasons: Readonly<Record<string, string>> = {
  ENOSPC: "there is no space left on the device",
  EIO: "the device fails",
};
