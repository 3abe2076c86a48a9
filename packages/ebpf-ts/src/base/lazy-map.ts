/** A map whose values are made when they are reached; its keys are known without. `make` gives the same value each time. */
export class LazyMap<V> implements ReadonlyMap<string, V> {
  readonly #names: ReadonlySet<string>;
  readonly #make: (name: string) => V;

  constructor(names: Iterable<string>, make: (name: string) => V) {
    this.#names = new Set(names);
    this.#make = make;
  }

  get size(): number {
    return this.#names.size;
  }

  has(name: string): boolean {
    return this.#names.has(name);
  }

  get(name: string): V | undefined {
    return this.#names.has(name) ? this.#make(name) : undefined;
  }

  *keys(): Generator<string, undefined> {
    yield* this.#names;
  }

  *values(): Generator<V, undefined> {
    for (const name of this.#names) yield this.#make(name);
  }

  *entries(): Generator<[string, V], undefined> {
    for (const name of this.#names) yield [name, this.#make(name)];
  }

  [Symbol.iterator](): Generator<[string, V], undefined> {
    return this.entries();
  }

  forEach(visit: (value: V, name: string, map: ReadonlyMap<string, V>) => void, self?: unknown): void {
    for (const [name, value] of this) visit.call(self, value, name, this);
  }
}
