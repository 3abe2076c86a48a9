import { fileURLToPath } from "node:url";

/** A ring at one moment. */
export interface RingCapture {
  readonly pageSize: number;
  readonly consumer: bigint;
  readonly producer: bigint;
  /** The ring once. */
  readonly data: Uint8Array;
}

/** Committed by `test/suite/record-format.test.ts`; see the README beside it. */
export const capturePath: string = fileURLToPath(
  new URL("../../../test/ring/captures/linux-6.18-event-ring.bin", import.meta.url),
);

/** As the kernel maps it: the consumer's page, the producer's page, the data. */
export function captureToPages({ pageSize, consumer, producer, data }: RingCapture): Uint8Array {
  const pages = new Uint8Array(2 * pageSize + data.length);
  const view = new DataView(pages.buffer);
  view.setBigUint64(0, consumer, true);
  view.setBigUint64(pageSize, producer, true);
  pages.set(data, 2 * pageSize);
  return pages;
}

export function pagesToCapture(pages: Uint8Array, pageSize: number): RingCapture {
  const view = new DataView(pages.buffer, pages.byteOffset, pages.byteLength);
  return {
    pageSize,
    consumer: view.getBigUint64(0, true),
    producer: view.getBigUint64(pageSize, true),
    data: pages.slice(2 * pageSize),
  };
}
