import { oneOf } from "../../base/checks.ts";
import { UpdateFlag } from "../../uapi/uapi.gen.ts";
import { KeylessValues, noKey } from "./keyless-values.ts";

const aPushMode = oneOf("if-room", "replace-oldest");

/** How a value is pushed. */
export type PushMode = "if-room" | "replace-oldest";

/**
 * Values in their order: the oldest leaves first (BPF_MAP_TYPE_QUEUE), or the newest (BPF_MAP_TYPE_STACK; Linux 4.20).
 * Programs use `bpf_map_push_elem`, `bpf_map_pop_elem` and `bpf_map_peek_elem`.
 */
export class Queue<V = unknown> extends KeylessValues<V> {
  /** Throws NO_SPACE when it is full; with `replace-oldest` (BPF_EXIST) the oldest makes room. */
  push(value: V, mode: PushMode = "if-room"): void {
    aPushMode(mode, "The mode of push()");
    this.map.update(noKey, this.encode(value), mode === "if-room" ? UpdateFlag.ANY : UpdateFlag.EXIST);
  }

  /** The next value, which leaves with that; undefined when there is none. */
  pop(): V | undefined {
    return this.decode(this.map.take!(noKey));
  }

  /** The next value, which stays; undefined when there is none. */
  peek(): V | undefined {
    return this.decode(this.map.lookup(noKey));
  }

  /** Pops until there are none. */
  clear(): void {
    const { map } = this;
    while (map.take!(noKey) !== undefined);
  }
}
