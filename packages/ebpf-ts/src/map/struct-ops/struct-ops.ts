import type { EngineMap } from "../../engine/map.ts";
import type { Link } from "../../link/link.ts";
import { HeldMap, type HeldMapParts } from "../held-map.ts";

export interface StructOpsParts extends HeldMapParts {
  readonly attach: (ops: StructOps) => Promise<Link>;
}

/** `enum bpf_struct_ops_state` of the kernel, in lower case. */
export type StructOpsState = "init" | "inuse" | "tobefree" | "ready";

const states: readonly StructOpsState[] = ["init", "inuse", "tobefree", "ready"];
const key0 = new Uint8Array(4);

/**
 * Operations of the kernel that programs implement (BPF_MAP_TYPE_STRUCT_OPS, kernel engine, Linux 5.6): a congestion control of TCP
 * (`struct tcp_congestion_ops`), a scheduler (`struct sched_ext_ops`, Linux 6.12). They are attached as a whole. A link is pinned by itself.
 */
export class StructOps extends HeldMap {
  readonly #attach: StructOpsParts["attach"];

  /** @internal Made by the collection. */
  constructor(parts: StructOpsParts) {
    super(parts);
    this.#attach = parts.attach;
  }

  /** The engine's own side of it, for links. */
  get handle(): EngineMap {
    return this.map;
  }

  /**
   * Where they are: `init` before they are attached; then `inuse`, and `tobefree` once they are detached; or `ready` for those with links, which can
   * be attached again.
   */
  get state(): StructOpsState {
    const value = this.map.lookup(key0);
    // struct bpf_struct_ops_common_value: a count, and the state.
    const number = value === undefined ? 0 : new DataView(value.buffer, value.byteOffset).getUint32(4, true);
    return states[number] ?? "init";
  }

  /**
   * Registers them: from now on the kernel calls their programs. With `SEC(".struct_ops.link")` (Linux 6.4) the link can be pinned, and updated to
   * other operations; with `SEC(".struct_ops")` they stay registered until the link is detached, also when this process is killed, and once only.
   *
   * BUSY where operations of that name are registered, or where these were before; EINVAL (SYSCALL) where the kernel misses a function.
   */
  attach(): Promise<Link> {
    return this.#attach(this);
  }
}
