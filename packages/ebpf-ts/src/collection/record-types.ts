import { aString } from "../base/checks.ts";
import type { Checks } from "../base/check-options.ts";
import { decodedBy, RecordType, type RecordShape, type RingRecordType } from "../map/record-type.ts";
import type { FoundRecord } from "../spec/records/found-record.ts";
import { recordLength } from "../spec/records/record-length.ts";
import { recordOf } from "../spec/records/record-of.ts";
import { namedRecord } from "../spec/records/said/say-records.ts";
import type { CollectionSpec, MapSpec } from "../spec/types.ts";

/** A decoded struct whose fields TypeScript does not know: give a type argument to say more. */
// oxlint-disable-next-line typescript/no-explicit-any -- the fields are the object's own, which no compiler has seen
export type Fields = Record<string, any>;

/** What the records of a ring are. */
export interface TypeOption {
  /** Name of the record's struct or typedef in the object's BTF or DWARF, where the object does not tell by itself. */
  readonly type?: string | undefined;
}

export const typeChecks: Checks<TypeOption> = { type: aString };

/** What the records of a collection's rings are: as the object tells, unless it is chosen before it is needed. */
export class RecordTypes {
  readonly #spec: CollectionSpec;
  readonly #onFinding: (finding: string) => void;
  readonly #known = new Map<string, RecordType>();

  constructor(spec: CollectionSpec, onFinding: (finding: string) => void = () => {}) {
    this.#spec = spec;
    this.#onFinding = onFinding;
  }

  of(ring: MapSpec): RecordType {
    const known = this.#known.get(ring.name) ?? new RecordType(ring.name, () => this.#told(ring));
    this.#known.set(ring.name, known);
    return known;
  }

  /** What a user says of them. Throws TypeError when they are known as something else. */
  choose(ring: MapSpec, { type }: TypeOption): RecordType {
    const record = this.of(ring);
    if (type === undefined) return record;
    const { btf, type: id } = namedRecord(this.#spec, ring.name, type);
    record.choose({ btf, id }, type);
    return record;
  }

  /** A ring that could not be opened has no records yet. */
  forget(ring: MapSpec): void {
    this.#known.delete(ring.name);
  }

  /** What is wrong with debug information shows when it is read. */
  #told(ring: MapSpec): RingRecordType | undefined {
    const { recordSaid: said } = ring;
    if (typeof said === "function") return decodedBy(said);
    const before = this.#spec.findings?.length ?? 0;
    const found = recordOf(this.#spec, ring);
    for (const finding of this.#spec.findings?.slice(before) ?? []) this.#onFinding(finding);
    return ringType(ring, found);
  }
}

function ringType(ring: MapSpec, { btf, variants, told }: FoundRecord): RingRecordType | undefined {
  const [first] = variants;
  if (btf === undefined || first === undefined) return undefined;
  const each = variants.map(({ type, tag }): RecordShape => ({
    id: type,
    length: recordLength(ring, btf.sizeOf(type)),
    tag,
  }));
  if (told !== undefined) return { btf, id: 0, shapes: { told, each } };
  const { type: id, certainty, by } = first;
  if (certainty === "exact" || by === "global-pointer") return { btf, id };
  return { btf, id, shapes: { told: certainty === "prefix" ? "prefix" : "fitting", each } };
}
