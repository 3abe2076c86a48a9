import type { AttachTarget } from "./attach-targets.gen.ts";

/** The operations of the kernel that a map of struct_ops implements. */
export interface StructOpsTarget {
  readonly kind: "struct_ops";
  /** The kernel's name of the struct: `tcp_congestion_ops`. Empty where this process may not see the kernel's types by their ids (CAP_SYS_ADMIN). */
  readonly struct: string;
}

/** Where something is attached. */
export type LinkTarget = AttachTarget | StructOpsTarget;
