import { aString } from "../base/checks.ts";
import type { Checks } from "../base/check-options.ts";
import { EbpfError } from "../base/errors.ts";
import { RecordType, type RingRecordType } from "../map/record-type.ts";
import type { CollectionSpec, MapSpec } from "../spec/types.ts";

/** A decoded struct whose fields TypeScript does not know: give a type argument to say more. */
// oxlint-disable-next-line typescript/no-explicit-any -- the fields are the object's own, which no compiler has seen
export type Fields = Record<string, any>;

/** What the records of a ring are. */
export interface TypeOption {
  /** Name of the record's struct or typedef in the object's BTF, where the object does not tell by itself. */
  readonly type?: string | undefined;
}

export const typeChecks: Checks<TypeOption> = { type: aString };

/** What the records of a collection's rings are: as the object tells, unless it is chosen before it is needed. */
export class RecordTypes {
  readonly #spec: CollectionSpec;
  readonly #known = new Map<string, RecordType>();

  constructor(spec: CollectionSpec) {
    this.#spec = spec;
  }

  of(ring: MapSpec): RecordType {
    const known = this.#known.get(ring.name) ?? new RecordType(ring.name, this.#told(ring));
    this.#known.set(ring.name, known);
    return known;
  }

  /** What a user says of them. Throws TypeError when they are known as something else. */
  choose(ring: MapSpec, { type }: TypeOption): RecordType {
    const record = this.of(ring);
    if (type !== undefined) record.choose(this.#named(ring, type), type);
    return record;
  }

  /** A ring that could not be opened has no records yet. */
  forget(ring: MapSpec): void {
    this.#known.delete(ring.name);
  }

  #told({ recordType }: MapSpec): RingRecordType | undefined {
    const { btf } = this.#spec;
    return btf === undefined || recordType === 0 ? undefined : { btf, id: recordType };
  }

  #named(ring: MapSpec, name: string): RingRecordType {
    const { btf } = this.#spec;
    const type = btf
      ?.find(name.replace(/^(struct|union|enum) /, ""))
      .find(({ kind }) => kind !== "fwd" && kind !== "func" && kind !== "var");
    if (btf !== undefined && type !== undefined) return { btf, id: type.id };
    throw new EbpfError(
      "NOT_FOUND",
      `Cannot decode records of ${ring.name} as ${name}: the object's BTF has no such type`,
    );
  }
}
