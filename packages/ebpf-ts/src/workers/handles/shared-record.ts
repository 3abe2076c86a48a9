import { reopenBtf } from "../../btf/validate-btf.ts";
import { RecordType, type SharedRecordType } from "../../map/record-type.ts";

/** What the records of a ring are that another thread shares: settled there. */
export function sharedRecord(ring: string, type: SharedRecordType | undefined): RecordType {
  const record = new RecordType(ring, type && { btf: reopenBtf(type.btf), id: type.id, shapes: type.shapes });
  record.settle();
  return record;
}
