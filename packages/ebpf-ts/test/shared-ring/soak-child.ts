/** `soak-child.js produce RING BOOK LIFE` or `soak-child.js consume RING BOOK`: one side of soak.ts, to be killed. */
import { SharedRing } from "../../src/shared-ring/shared-ring.ts";
import { randomFrom } from "../support/mutate.ts";
import { Book } from "./book.ts";
import { isToBeDiscarded, makeMessage, messageHead, nextSubmitted, writeMessage } from "./message.ts";
import { SoakReader } from "./soak-consume.ts";

const [role = "", ringPath = "", bookPath = "", lifeText = "0"] = process.argv.slice(2);
const ring = SharedRing.open(ringPath);
const book = new Book(bookPath);

async function produce(index: number): Promise<void> {
  const producer = ring.producer();
  const life = book.life(index);
  const random = randomFrom(index);
  const size = (): number => messageHead + random(random(8) === 0 ? 3000 : 200);

  /** Reserves, perhaps lingers, and commits. */
  async function one(number: number): Promise<number> {
    life.tried = number + 1;
    const reservation = await producer.reserveWhenFree(size());
    life.reserved = number + 1;
    writeMessage(reservation.bytes, index, number);
    if (random(60) === 0) await new Promise((resolve) => setTimeout(resolve, random(3)));
    if (isToBeDiscarded(index, number)) reservation.discard();
    else reservation.submit();
    life.committed = number + 1;
    return number + 1;
  }

  function many(from: number): number {
    const numbers: number[] = [];
    for (let next = from; numbers.length < 1 + random(40); next += 1) {
      next = nextSubmitted(index, next);
      numbers.push(next);
    }
    life.tried = numbers.at(-1)! + 1;
    const sent = producer.sendMany(numbers.map((number) => makeMessage(index, number, size())));
    const end = sent === 0 ? from : numbers[sent - 1]! + 1;
    life.reserved = end;
    life.committed = end;
    life.tried = end;
    return end;
  }

  for (let number = 0; !book.stopped;) number = random(10) === 0 ? many(number) : await one(number);
}

async function consume(): Promise<void> {
  const consumer = ring.consumer();
  const reader = new SoakReader(book);
  for (let turn = 0; !book.stopped; turn += 1) {
    if (turn % 2 === 0) consumer.waitSync(100);
    else await new Promise((resolve) => setTimeout(resolve, 1));
    reader.drain(consumer);
  }
}

await (role === "produce" ? produce(Number(lifeText)) : consume());
ring.close();
