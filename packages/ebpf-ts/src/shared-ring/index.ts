/** Rings between processes, without eBPF (Linux). */
export type { BlockingDrainOptions, DrainOptions, DrainResult } from "../ring/drain-options.ts";
export type { OnRecordView } from "../ring/reading.ts";
export type { RecordView } from "../ring/record-view.ts";
export type { Reservation } from "../ring/reservation.ts";
export type { RecordBatch } from "../stream/record-batch.ts";
export type { EventsOptions, RecordStream } from "../stream/record-stream.ts";
export type { RoomOptions } from "../stream/room-queue.ts";
export { SharedConsumer } from "./shared-consumer.ts";
export { SharedProducer } from "./shared-producer.ts";
export { SharedRing, type SharedRingOpenOptions, type SharedRingOptions } from "./shared-ring.ts";
