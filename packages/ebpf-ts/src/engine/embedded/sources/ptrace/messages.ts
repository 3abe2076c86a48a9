import type { EbpfErrorCode } from "../../../../base/errors.ts";
import type { CommandExit } from "../../../command.ts";
import type { RunOrigin } from "../../machine/contracts.ts";
import type { MachineImage } from "../../machine/image.ts";
import type { HeldShell, LaunchOptions } from "./launch.ts";
import type { TracedPlace } from "./traced-programs.ts";

/** A command to start. */
export type CommandRequest = Omit<LaunchOptions, "stdin"> & { readonly stdin: "inherit" | "ignore" | "pipe" };

/** With the descriptor of the pipe to its standard input. */
export interface HeldCommandShell {
  readonly shell: HeldShell;
  readonly stdin: number | undefined;
}

/** What the tracing thread is given. */
export interface TraceRequest {
  readonly image: MachineImage;
  readonly places: readonly TracedPlace[];
  readonly control: SharedArrayBuffer;
  readonly command: CommandRequest;
  /** The shell that waits to become the command, where it was started before. */
  readonly held: HeldCommandShell | undefined;
  /** False: stop at every system call, as where no filter can be installed. */
  readonly filter: boolean;
}

/** What it says. */
export type TraceMessage =
  /** `stdin`: the descriptor to write to. */
  | { readonly kind: "started"; readonly pid: number; readonly stdin: number | undefined; readonly filtered: boolean }
  | { readonly kind: "failed"; readonly code: EbpfErrorCode; readonly message: string }
  | { readonly kind: "print"; readonly line: string; readonly origin: RunOrigin }
  | {
      readonly kind: "fault";
      readonly message: string;
      readonly program: string;
      readonly instruction: number;
      readonly source: string | undefined;
    }
  | { readonly kind: "exit"; readonly exit: CommandExit };
