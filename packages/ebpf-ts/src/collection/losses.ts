import type { EngineMap } from "../engine/map.ts";
import { mapKind } from "../kinds/map-kinds.ts";
import { type CounterValues, readLoss } from "../map/loss.ts";
import { findLossCounters, findSharedLossCounters, type LossCounters } from "../spec/loss-counters.ts";
import type { CollectionSpec } from "../spec/types.ts";

/** Events that programs could not write, as far as the engine or the object's programs count them. */
export class Losses {
  readonly #spec: CollectionSpec;
  readonly #values: CounterValues;

  constructor(spec: CollectionSpec, values: CounterValues) {
    this.#spec = spec;
    this.#values = values;
  }

  /** What the object's programs count for a ring; undefined where they do not. */
  countedFor(ring: string): (() => number) | undefined {
    return this.#reading(findLossCounters(this.#spec, ring));
  }

  /** Of all rings together; undefined where nobody counts. Opens no RingBuf, for that might settle the type of its records. */
  get total(): number | undefined {
    const rings = this.#rings();
    const counted = rings.map((ring) => this.#lostOf(ring)).filter((lost) => lost !== undefined);
    const shared = counted.length === rings.length ? undefined : this.#reading(findSharedLossCounters(this.#spec));
    if (shared !== undefined) counted.push(shared());
    return counted.length === 0 ? undefined : counted.reduce((sum, lost) => sum + lost, 0);
  }

  #rings(): EngineMap[] {
    const rings = this.#spec.maps.filter(({ type }) => mapKind(type).ring === "event");
    return rings.map(({ name }) => this.#values.map(name)).filter((map) => map !== undefined);
  }

  #lostOf(ring: EngineMap): number | undefined {
    return ring.ring?.().refused?.() ?? this.countedFor(ring.info.name)?.();
  }

  #reading(counters: LossCounters | undefined): (() => number) | undefined {
    return counters && (() => readLoss(counters, this.#values));
  }
}
