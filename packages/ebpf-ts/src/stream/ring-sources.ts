import type { FindTable } from "../columns/row-table.ts";
import type { EventConsumer } from "../ring/event-consumer.ts";
import type { RecordView } from "../ring/record-view.ts";
import type { LazyBell } from "../stream/lazy-bell.ts";
import { BatchReader, type RecordBatch } from "../stream/record-batch.ts";
import type { RecordDecoder, RecordSource } from "../stream/record-stream.ts";
import type { Traffic } from "../stream/pace.ts";
import type { OneReader } from "../stream/one-reader.ts";

export interface RingSourceParts<T> {
  readonly consumer: EventConsumer;
  readonly bell: LazyBell;
  readonly reader: OneReader;
  readonly view: DataView;
  readonly record: RecordView;
  readonly decode: RecordDecoder<T>;
  readonly findTable: FindTable;
}

/** The two ways to loop over a ring. */
export interface RingSources<T> {
  readonly events: RecordSource<T>;
  readonly batches: RecordSource<RecordBatch<T>>;
}

export function ringSources<T>(parts: RingSourceParts<T>): RingSources<T> {
  const { consumer, bell, reader, view, decode } = parts;
  const batches = new BatchReader<T>(parts);
  const traffic: Traffic = {
    received: () => consumer.received,
    fullness: () => consumer.available / consumer.size,
    bytes: { size: consumer.size, read: () => Number(consumer.consumerPosition) },
  };
  const shared = { consumer, bell, traffic, acquire: (stream: { end(): void }) => reader.take(stream) };
  return {
    events: {
      ...shared,
      stepsPerLook: 8,
      look: () => consumer.read(),
      take: (offset) => decode(view, offset, consumer.length),
      leave: () => {},
      release: () => void reader.leave(),
    },
    batches: {
      ...shared,
      stepsPerLook: 1,
      look: () => batches.look(),
      take: () => batches.take(),
      leave: () => batches.end(),
      release: (reason) => {
        batches.end(reason);
        reader.leave();
      },
    },
  };
}
