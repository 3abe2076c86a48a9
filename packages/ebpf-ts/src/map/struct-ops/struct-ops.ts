import { EbpfError } from "../../base/errors.ts";
import type { EngineMap, MapInfo } from "../../engine/map.ts";
import { pinObject, unpinObject } from "../../engine/pinnable.ts";
import type { Link } from "../../link/link.ts";

export interface StructOpsParts {
  readonly map: EngineMap;
  readonly attach: (ops: StructOps) => Promise<Link>;
  readonly onClose?: (() => void) | undefined;
}

/** `enum bpf_struct_ops_state` of the kernel, in lower case. */
export type StructOpsState = "init" | "inuse" | "tobefree" | "ready";

const states: readonly StructOpsState[] = ["init", "inuse", "tobefree", "ready"];
const key0 = new Uint8Array(4);

/**
 * Operations of the kernel that programs implement (BPF_MAP_TYPE_STRUCT_OPS, kernel engine, Linux 5.6): a congestion control of TCP
 * (`struct tcp_congestion_ops`), a scheduler (`struct sched_ext_ops`, Linux 6.12). They are attached as a whole.
 */
export class StructOps {
  readonly #map: EngineMap;
  readonly #attach: StructOpsParts["attach"];
  readonly #onClose: (() => void) | undefined;
  #open = true;

  /** @internal Made by the collection. */
  constructor({ map, attach, onClose }: StructOpsParts) {
    this.#map = map;
    this.#attach = attach;
    this.#onClose = onClose;
  }

  get name(): string {
    return this.#map.info.name;
  }

  get info(): MapInfo {
    return this.#map.info;
  }

  /** The engine's own side of it, for links. */
  get handle(): EngineMap {
    if (!this.#open) throw new EbpfError("CLOSED", `Cannot use map ${this.name}: it is closed`);
    return this.#map;
  }

  /**
   * Where they are: `init` before they are attached; then `inuse`, and `tobefree` once they are detached; or `ready` for those with links, which can
   * be attached again.
   */
  get state(): StructOpsState {
    const value = this.handle.lookup(key0);
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

  /** Keeps the map alive under a path of a bpffs, one at a time (BUSY). A link is pinned by itself. */
  pin(path: string): void {
    pinObject(this.handle, path, `map ${this.name}`);
  }

  /** Takes the pin away that {@link pin} made, or where it was opened. Throws NOT_FOUND where there is none. */
  unpin(): void {
    unpinObject(this.handle, `map ${this.name}`);
  }

  /** Lets go of the map, which lives on as long as anybody else holds it, such as a link. Idempotent. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#onClose?.();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
