import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { SharedRing } from "../../src/shared-ring/shared-ring.ts";
import { randomFrom } from "../support/mutate.ts";
import { Book, type Life, maxLives } from "./book.ts";
import { isToBeDiscarded, nextSubmitted } from "./message.ts";
import { shmFolder } from "./shm.ts";
import { SoakReader } from "./soak-consume.ts";

export interface SoakResult {
  readonly kills: number;
  readonly consumerKills: number;
  readonly consumed: number;
  readonly discarded: number;
  readonly abandoned: number;
}

const producers = 4;
const childPath = fileURLToPath(new URL("./soak-child.js", import.meta.url));

/** Four producers and a consumer that are killed again and again; at the end everything must be accounted for. */
export async function soak(seconds: number, seed: number): Promise<SoakResult> {
  const folder = mkdtempSync(join(shmFolder(), "ebpf-ts-soak-"));
  const run = new Soak(join(folder, "ring"), join(folder, "book"), randomFrom(seed));
  try {
    await run.hammer(seconds);
    return await run.settle();
  } finally {
    await run.stopAll();
    rmSync(folder, { recursive: true });
  }
}

class Soak {
  readonly #ringPath: string;
  readonly #bookPath: string;
  readonly #random: (below: number) => number;
  readonly #book: Book;
  readonly #ring: SharedRing;
  readonly #producers: ChildProcess[] = [];
  /** Which life each of them has now. */
  readonly #lifeOf: number[] = [];
  #consumer: ChildProcess | undefined;
  #lives = 0;
  #kills = 0;
  #consumerKills = 0;

  constructor(ringPath: string, bookPath: string, random: (below: number) => number) {
    this.#ringPath = ringPath;
    this.#bookPath = bookPath;
    this.#random = random;
    this.#book = new Book(bookPath);
    this.#ring = SharedRing.create({ path: ringPath, size: 65536 });
  }

  async hammer(seconds: number): Promise<void> {
    const end = performance.now() + seconds * 1000;
    for (let i = 0; i < producers; i += 1) this.#producers.push(this.#startProducer(i));
    this.#consumer = this.#start("consume");
    // On a busy machine it takes long until children work, and a test of those that do not would say nothing.
    while (performance.now() < end || !this.#hasWorked) {
      await sleep(20 + this.#random(200));
      if (this.#random(8) === 0) await this.#killConsumer();
      else if (this.#lives < maxLives) await this.#killIfBegun(this.#random(producers));
      this.#checkAlive();
    }
  }

  /** A producer was killed, and something has come. */
  get #hasWorked(): boolean {
    return this.#kills > 0 && Array.from({ length: this.#lives }, (_, index) => index).some(this.#hasCome);
  }

  readonly #hasCome = (index: number): boolean => this.#book.life(index).consumed > 0;

  /** Lets all end, reads what is left, and compares. */
  async settle(): Promise<SoakResult> {
    this.#book.stop();
    for (const child of this.#producers) {
      // The consumer may have ended first, and a producer wait for room.
      if (child.exitCode === null && !(await exitsWithin(child, 2000))) await this.#kill(child);
    }
    if (this.#consumer !== undefined && !(await exitsWithin(this.#consumer, 5000))) await this.#kill(this.#consumer);
    const consumer = this.#ring.consumer();
    const reader = new SoakReader(this.#book);
    // Nobody writes any more: looks that find nothing new are a fault, however long they take.
    for (let looks = 0; consumer.available > 0 && looks < 10_000; looks += 1) reader.drain(consumer);
    assert.equal(consumer.consumerPosition, consumer.producerPosition);
    return { ...this.#compare(consumer.abandoned), kills: this.#kills, consumerKills: this.#consumerKills };
  }

  async stopAll(): Promise<void> {
    const children = [...this.#producers, ...(this.#consumer === undefined ? [] : [this.#consumer])];
    await Promise.all(children.map((child) => this.#kill(child)));
    this.#ring.close();
  }

  /** produced == consumed + discarded + abandoned, life by life, but for what a killed producer was just about to note. */
  #compare(abandoned: number): Omit<SoakResult, "kills" | "consumerKills"> {
    let consumed = 0;
    let discarded = 0;
    let certain = 0;
    let possible = 0;
    for (let index = 0; index < this.#lives; index += 1) {
      const life = this.#book.life(index);
      const next = nextSubmitted(index, life.consumed);
      assert.ok(next >= life.committed, `message ${index}/${next} was committed and never came`);
      assert.ok(life.consumed <= life.tried, `message ${index}/${life.consumed - 1} came and was never sent`);
      for (let number = 0; number < life.committed; number += 1) {
        if (isToBeDiscarded(index, number)) discarded += 1;
        else consumed += 1;
      }
      consumed += Math.max(life.consumed - life.committed, 0);
      certain += Number(isAbandoned(index, life));
      possible += Number(life.tried > life.committed && life.consumed <= life.committed);
    }
    assert.ok(abandoned >= certain && abandoned <= possible, `${abandoned} abandoned, not ${certain} to ${possible}`);
    return { consumed, discarded, abandoned };
  }

  #startProducer(at: number): ChildProcess {
    const life = this.#lives;
    this.#lifeOf[at] = life;
    this.#lives += 1;
    return this.#start("produce", String(life));
  }

  #start(role: string, ...rest: string[]): ChildProcess {
    return spawn(process.execPath, [childPath, role, this.#ringPath, this.#bookPath, ...rest], { stdio: "inherit" });
  }

  /** One that has not come to its first message would prove nothing, and on a busy machine none would come to it. */
  async #killIfBegun(at: number): Promise<void> {
    if (this.#book.life(this.#lifeOf[at]!).tried === 0) return;
    await this.#kill(this.#producers[at]!);
    this.#kills += 1;
    this.#producers[at] = this.#startProducer(at);
  }

  async #killConsumer(): Promise<void> {
    await this.#kill(this.#consumer!);
    this.#consumerKills += 1;
    this.#consumer = this.#start("consume");
  }

  async #kill(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, "exit");
    child.kill("SIGKILL");
    await exit;
  }

  /** A child that ends by itself has found something wrong, and said so on its standard error. */
  #checkAlive(): void {
    for (const child of [...this.#producers, this.#consumer!]) {
      assert.equal(child.exitCode, null, "a child has failed");
      assert.equal(child.signalCode, null, "a child has crashed");
    }
  }
}

/** Reserved for sure, and neither submitted nor discarded. */
function isAbandoned(index: number, life: Life): boolean {
  const number = life.committed;
  return life.reserved > number && !isToBeDiscarded(index, number) && life.consumed <= number;
}

async function exitsWithin(child: ChildProcess, ms: number): Promise<boolean> {
  if (child.exitCode !== null || child.signalCode !== null) return true;
  const timer = new AbortController();
  const exit = once(child, "exit").then(() => true);
  const late = sleep(ms, false, { signal: timer.signal }).catch(() => false);
  const result = await Promise.race([exit, late]);
  timer.abort();
  return result;
}
