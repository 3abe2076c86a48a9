import { jsonText } from "../output/json.ts";
import { rankOf } from "./values.ts";

/** Beside twice as many as are wanted: to sort often takes longer than to sort more. */
const leastRoom = 1024;

/** The largest of many, with room for some more than are wanted. Of equal ones the smaller key comes first. */
export class Top<T extends { readonly key?: unknown }> {
  readonly #most: number;
  #kept: (readonly [rank: number, index: number, value: T])[] = [];
  #count = 0;
  /** What is smaller is none of them. */
  #least = Number.NEGATIVE_INFINITY;

  constructor(most: number) {
    this.#most = most;
  }

  get count(): number {
    return this.#count;
  }

  /** `ranked` is what it is sorted by. */
  add(value: T, ranked: unknown): void {
    const rank = rankOf(ranked);
    if (!(rank < this.#least)) this.#kept.push([rank, this.#count, value]);
    this.#count += 1;
    if (this.#kept.length < Math.max(2 * this.#most, leastRoom)) return;
    this.#keepLargest();
    this.#least = this.#kept.at(-1)![0];
  }

  /** Largest first; in the order in which they came where all are there and that is wanted. */
  values(inOrder: boolean): T[] {
    this.#keepLargest();
    const kept = inOrder && this.#count <= this.#most ? this.#kept.toSorted((a, b) => a[1] - b[1]) : this.#kept;
    return kept.map(([, , value]) => value);
  }

  #keepLargest(): void {
    this.#kept = this.#kept.sort((a, b) => b[0] - a[0] || compareKeys(a[2].key, b[2].key)).slice(0, this.#most);
  }
}

function compareKeys(a: unknown, b: unknown): number {
  if ((typeof a === "number" || typeof a === "bigint") && (typeof b === "number" || typeof b === "bigint"))
    return a < b ? -1 : Number(a > b);
  const [one, other] = [jsonText(a ?? null), jsonText(b ?? null)];
  return one < other ? -1 : Number(one > other);
}
