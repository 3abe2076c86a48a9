/** Records, consumer and producer of eBPF ring buffers, over any memory. */
export { checkHeader, type HeaderPlace } from "./codec/check-header.ts";
export {
  decodeHeader,
  encodeHeader,
  encodeHeaderInto,
  type RecordHeader,
  type RecordHeaderInput,
} from "./codec/record-header.ts";
export {
  decodeRecords,
  encodeRecords,
  type RecordInput,
  type RecordsOptions,
  type RingRecord,
} from "./codec/records.ts";
export { decodeRing, encodeRing, type RingImage, type RingWindow } from "./codec/ring-image.ts";
export { linuxMetaPages, type PageOrigin, pageOffsetAt, type RingLayout } from "./codec/ring-layout.ts";
export { RingConsumer } from "./consumer.ts";
export type { EventConsumer } from "./event-consumer.ts";
export { openConsumer } from "./open-consumer.ts";
export { OverwriteConsumer } from "./overwrite/overwrite-consumer.ts";
export { ringFull, RingProducer } from "./producer.ts";
export {
  busyBit,
  discardBit,
  headerSize,
  isBusy,
  isDiscarded,
  lengthMask,
  payloadLength,
  recordSize,
} from "./record.ts";
export type { ConsumerDrainOptions, DrainOptions, DrainResult } from "./drain-options.ts";
export { type OnRecord, ringBusy, ringEmpty, ringSkipped } from "./reading.ts";
export { RecordView } from "./record-view.ts";
export { Reservation } from "./reservation.ts";
export { RingScanner } from "./ring-scanner.ts";
export type { RingBell, RingMemory } from "./ring-memory.ts";
