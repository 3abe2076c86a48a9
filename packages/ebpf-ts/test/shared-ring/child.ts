/**
 * One process of a test, to be killed: `child.js ROLE RING …`. It says on standard output how far it is.
 *
 *   send RING LIFE COUNT     sends that many messages, waiting for room
 *   hold RING LIFE           reserves a record and keeps it
 *   lock RING                takes the lock of the producer position and keeps it
 *   halfway RING LIFE        reserves under the lock up to just before the position is published, and keeps the lock
 *   read RING MAX            reads records one by one, and says `life/number` for each
 *   claim RING               makes itself the consumer and waits
 *   rescue RING STEPS        begins to discard a record of somebody who is gone, and stops after that many steps
 */
import { openSync, writeSync } from "node:fs";
import { busyBit, discardBit, lengthMask } from "../../src/ring/record.ts";
import { consumerByte, headSize, headWords, Word } from "../../src/shared-ring/layout.ts";
import { ProducerLock } from "../../src/shared-ring/producer-lock.ts";
import { SharedRing } from "../../src/shared-ring/shared-ring.ts";
import { Slots } from "../../src/shared-ring/slots.ts";
import { tryLockByte } from "../../src/sys/futex/file-lock.ts";
import { pageSize } from "../../src/sys/memory/mapping.ts";
import { mapRingFile } from "../../src/sys/memory/ring-mapping.ts";
import { messageHead, writeMessage } from "./message.ts";

const [role = "", path = "", first = "0", second = "0"] = process.argv.slice(2);

/** At once, unlike console.log on a pipe. */
function say(text: string): void {
  writeSync(1, `${text}\n`);
}

function forever(): Promise<never> {
  setInterval(() => {}, 1000);
  return new Promise(() => {});
}

/** The parts of a ring, to stop between two of its steps. */
function openParts(): {
  memory: ArrayBuffer;
  words: Int32Array;
  page: number;
  fd: number;
  slots: Slots;
  token: number;
} {
  const page = pageSize();
  const { size } = SharedRing.open(path);
  const fd = openSync(path, "r+");
  const memory = mapRingFile(fd, headSize(page), size);
  if (typeof memory === "number") throw new Error(`mmap failed with errno ${-memory}`);
  const words = new Int32Array(memory, 0, headWords);
  const slots = new Slots(path, words, openSync(path, "r+"));
  return { memory, words, page, fd, slots, token: slots.claim(fd) };
}

const roles: Readonly<Record<string, () => Promise<void>>> = {
  async send() {
    using ring = SharedRing.open(path);
    const producer = ring.producer();
    for (let number = 0; number < Number(second); number += 1) {
      const reservation = await producer.reserveWhenFree(messageHead + (number % 60));
      writeMessage(reservation.bytes, Number(first), number);
      reservation.submit();
    }
  },
  async hold() {
    const reservation = SharedRing.open(path).producer().reserve(100);
    writeMessage(reservation.bytes, Number(first), 0);
    say("holding");
    await forever();
    reservation.submit();
  },
  async lock() {
    const { words, slots, token } = openParts();
    new ProducerLock(path, words, slots, token).acquire();
    say("locked");
    await forever();
  },
  async halfway() {
    const { memory, words, page, slots, token } = openParts();
    new ProducerLock(path, words, slots, token).acquire();
    const own = Number(new BigUint64Array(memory, 2 * page, 1)[0]);
    const headers = new Int32Array(memory, headSize(page));
    headers[own >> 2] = busyBit | 100;
    headers[(own >> 2) + 1] = token;
    say("halfway");
    await forever();
  },
  async read() {
    const consumer = SharedRing.open(path).consumer();
    for await (const bytes of consumer) {
      const view = new DataView(bytes.buffer, bytes.byteOffset);
      say(`${view.getUint32(0, true)}/${view.getUint32(4, true)}`);
      if (consumer.received === Number(first)) await forever();
    }
  },
  async claim() {
    SharedRing.open(path).consumer();
    say("claimed");
    await forever();
  },
  /** The steps of AbandonedCount.abandon, up to the one that is named. */
  async rescue() {
    const { memory, page, fd } = openParts();
    tryLockByte(fd, consumerByte);
    const cells = new BigUint64Array(memory, 4 * Word.abandoned, 3);
    const headers = new Int32Array(memory, headSize(page));
    const position = new BigUint64Array(memory, page, 1)[0]!;
    const at = Number(position) >> 2;
    if (first >= "1") cells[1] = cells[0]! + 1n;
    if (first >= "2") cells[2] = position + 1n;
    if (first >= "3") headers[at] = (headers[at]! & lengthMask) | discardBit;
    if (first >= "4") cells[0] = cells[1]!;
    if (first >= "5") cells[2] = 0n;
    say("stopped");
    await forever();
  },
};

await roles[role]!();
