import type { SharedConsumer } from "../../src/shared-ring/shared-consumer.ts";
import type { RecordView } from "../../src/ring/record-view.ts";
import type { Book } from "./book.ts";
import { nextSubmitted, readMessage } from "./message.ts";

/**
 * Notes every message in the book, and throws when one is missing, out of order or spoiled. A consumer that comes after one that was
 * killed may get messages a second time, all of them before the first new one.
 */
export class SoakReader {
  readonly #book: Book;
  #sawNew = false;

  constructor(book: Book) {
    this.#book = book;
  }

  drain(consumer: SharedConsumer): number {
    return consumer.drain((record) => this.#read(record)).delivered;
  }

  #read(record: RecordView): void {
    const { life: index, number } = readMessage(record);
    const life = this.#book.life(index);
    const { consumed } = life;
    if (number < consumed) {
      if (this.#sawNew) throw new Error(`message ${index}/${number} came again after new ones`);
      return;
    }
    this.#sawNew = true;
    const expected = nextSubmitted(index, consumed);
    if (number !== expected) throw new Error(`message ${index}/${number} came, ${index}/${expected} was to come`);
    life.consumed = number + 1;
  }
}
