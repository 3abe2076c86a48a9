/** A worker thread of threads.test.ts. */
import { parentPort, workerData } from "node:worker_threads";
import { SharedRing } from "../../src/shared-ring/shared-ring.ts";
import { makeMessage } from "./message.ts";

const { role, fd, life, count } = workerData as { role: string; fd: number; life: number; count: number };
const ring = SharedRing.open(fd);

async function send(): Promise<void> {
  const producer = ring.producer();
  for (let number = 0; number < count; number += 1) {
    const message = makeMessage(life, number, 8 + (number % 100));
    const reservation = await producer.reserveWhenFree(message.length);
    reservation.bytes.set(message);
    reservation.submit();
  }
  ring.close();
}

function hold(): void {
  const reservation = ring.producer().reserve(10);
  parentPort!.postMessage("holding");
  setInterval(() => reservation.size, 1000);
}

/** Blocks until there are that many records, and says the sum of their first words. */
function read(): void {
  const consumer = ring.consumer();
  let sum = 0;
  while (consumer.received < count) {
    consumer.waitSync();
    consumer.drain((record) => void (sum += record.u32(4)));
  }
  ring.close();
  parentPort!.postMessage(sum);
}

if (role === "send") await send();
else if (role === "hold") hold();
else read();
