import type { MachineRing } from "./machine-map.ts";

/** The most bytes that a dynptr may span: 24 bits (kernel DYNPTR_MAX_SIZE). */
export const maxDynptrSize = 0xffffff;

/** What a `struct bpf_dynptr` stands for; kept outside of the memory, so that no program can forge one. */
export interface Dynptr {
  /** `local`: map memory. `ring`: a reservation, to be submitted or discarded. `sample`: lent to a drain's callback. */
  readonly kind: "local" | "ring" | "sample";
  /** 0 when it is null: what it was made from failed. */
  readonly address: number;
  readonly size: number;
  readonly ring: MachineRing | undefined;
}
