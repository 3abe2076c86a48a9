/** Records, consumer and producer of eBPF ring buffers, over any memory. */
export {
  type DrainLimits,
  type DrainResult,
  type OnRecord,
  ringBusy,
  RingConsumer,
  ringEmpty,
  ringSkipped,
} from "./consumer.ts";
export { type EventConsumer, openConsumer } from "./event-consumer.ts";
export { OverwriteConsumer } from "./overwrite-consumer.ts";
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
export { RecordView } from "./record-view.ts";
export { Reservation } from "./reservation.ts";
export { RingScanner } from "./ring-scanner.ts";
export type { RingBell, RingMemory } from "./ring-memory.ts";
