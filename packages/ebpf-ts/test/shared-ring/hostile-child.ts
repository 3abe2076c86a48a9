/**
 * `hostile-child.js SEED ROUNDS`: spoils rings in every way, and uses them. Every result must be an answer or an error of the library. A crash
 * ends this process, which is why it is one of its own.
 */
import { writeSync } from "node:fs";
import { EbpfError } from "../../src/base/errors.ts";
import { headSize } from "../../src/shared-ring/layout.ts";
import { SharedRing } from "../../src/shared-ring/shared-ring.ts";
import { pageSize } from "../../src/sys/memory/mapping.ts";
import { mapRingFile } from "../../src/sys/memory/ring-mapping.ts";
import { randomFrom } from "../support/mutate.ts";
import { TemporaryRing } from "./temporary-ring.ts";

const random = randomFrom(Number(process.argv[2]));
const rounds = Number(process.argv[3]);
const page = pageSize();
const size = 4096;
const interesting = [
  0, 1, 4, 7, 8, 4096, 4088, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0x3fff_ffff, 0x4000_0000, 0xc000_0010,
];
const seen = new Map<string, number>();

function value(): number {
  return random(3) === 0 ? random(2 ** 32) : interesting[random(interesting.length)]!;
}

/** Words of the head that matter, both positions, headers near the beginning, anything. */
function spoil(words: Uint32Array): void {
  const places = [
    () => random(128),
    () => page / 4 + random(2),
    () => (2 * page) / 4 + random(2),
    () => headSize(page) / 4 + 2 * random(32),
    () => random((headSize(page) + size) / 4),
  ];
  for (let times = 1 + random(4); times > 0; times -= 1) {
    const [at, next] = [places[random(places.length)]!(), value()];
    // Small steps from what is right get past more checks.
    words[at] = random(2) === 0 ? next : words[at]! + 8 * (random(64) - 32);
  }
}

async function attempt(work: () => unknown): Promise<void> {
  try {
    await work();
    count("fine");
  } catch (error) {
    if (!(error instanceof EbpfError)) throw error;
    count(error.code);
  }
}

function count(what: string): void {
  seen.set(what, (seen.get(what) ?? 0) + 1);
}

async function useRing(ring: SharedRing, words: Uint32Array): Promise<void> {
  using producer = ring.producer();
  const reservation = producer.tryReserve(random(64));
  for (let i = random(20); i > 0; i -= 1) producer.trySend(new Uint8Array(random(200)));
  spoil(words);
  await attempt(() => reservation?.submit());
  await attempt(() => producer.send(new Uint8Array(random(300))));
  await attempt(() => producer.sendMany([new Uint8Array(20), new Uint8Array(40)]));
  await attempt(() => producer.reserveWhenFree(random(4000), { timeoutMs: 0 }));
  await attempt(() => {
    const consumer = ring.consumer();
    try {
      consumer.waitSync(0);
      spoil(words);
      for (let i = 0; i < 3; i += 1) consumer.drain((record) => void record.bytes(), { max: 50 });
    } finally {
      consumer.close();
    }
  });
  await attempt(async () => {
    using consumer = ring.consumer();
    for await (const _ of consumer.events({ until: Promise.resolve() }));
  });
}

async function round(): Promise<void> {
  using temporary = new TemporaryRing({ size });
  const memory = mapRingFile(temporary.ring.fd, headSize(page), size) as ArrayBuffer;
  const words = new Uint32Array(memory, 0, (headSize(page) + size) / 4);
  await useRing(temporary.ring, words);
  spoil(words);
  await attempt(async () => {
    using again = SharedRing.open(temporary.path);
    await useRing(again, words);
  });
}

for (let i = 0; i < rounds; i += 1) await round();
writeSync(1, `${JSON.stringify(Object.fromEntries(seen))}\n`);
