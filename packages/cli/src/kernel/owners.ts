import { type Holder, holders, type Holders, type LoadedKind, pins, type Pins } from "ebpf-ts/kernel";

/** Who keeps the objects of one kind in the kernel: processes and pins. */
export class Owners {
  readonly #holders: Holders[LoadedKind];
  readonly #pins: ReadonlyMap<number, readonly string[]>;

  constructor(kind: LoadedKind) {
    this.#holders = holders()[kind];
    this.#pins = kind === "btf" ? new Map() : pins()[kind satisfies keyof Pins];
  }

  holdersOf(id: number): readonly Holder[] {
    return this.#holders.get(id) ?? [];
  }

  pinsOf(id: number): readonly string[] {
    return this.#pins.get(id) ?? [];
  }

  /** `node 1234, /sys/fs/bpf/x` */
  textOf(id: number): string {
    return [...this.holdersOf(id).map(({ pid, comm }) => `${comm} ${pid}`), ...this.pinsOf(id)].join(", ");
  }

  /** By bpftool's names. */
  factsOf(id: number): { readonly pids: readonly Holder[]; readonly pinned: readonly string[] } {
    return { pids: this.holdersOf(id), pinned: this.pinsOf(id) };
  }
}
