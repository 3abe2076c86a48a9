/** A thread that does one thing over and over with what it shares, until it is terminated: mortals.ts starts it. */
import { parentPort, workerData } from "node:worker_threads";
import { knowThreads } from "../../src/host/threads/thread-lives.ts";
import type { EbpfError } from "../../src/base/errors.ts";
import type { MachineImage, MachineMapImage } from "../../src/engine/embedded/machine/image.ts";
import { openMachine } from "../../src/engine/embedded/load/open-machine.ts";
import { openMap } from "../../src/engine/embedded/maps/open-map.ts";
import type { RingBufHandle, UserRingBufHandle } from "../../src/map/ring-handles.ts";
import { SharedLock } from "../../src/memory/shared-lock.ts";
import type { Reservation } from "../../src/ring/reservation.ts";
import { SharedRing } from "../../src/shared-ring/shared-ring.ts";
import { openRingBuf, openUserRingBuf } from "../../src/workers/index.ts";
import { task } from "../embedded/test-machine.ts";

interface SharedMap {
  readonly image: MachineMapImage;
  readonly memory: SharedArrayBuffer;
}

export type Deed =
  /** Two words that are only ever changed together: 1 and 2, beside the lock in 0. */
  | { readonly deed: "lock"; readonly words: SharedArrayBuffer }
  | ({ readonly deed: "hash" | "ring" | "drain" | "queue" } & SharedMap)
  | { readonly deed: "run"; readonly image: MachineImage }
  | { readonly deed: "send"; readonly handle: UserRingBufHandle }
  /** Ends its first round never, in its turn. */
  | { readonly deed: "hold turn" | "hold sample"; readonly handle: UserRingBufHandle }
  | { readonly deed: "read"; readonly handle: RingBufHandle }
  | { readonly deed: "produce"; readonly fd: number };

export interface MortalData {
  readonly deed: Deed;
  /** Element 0: 1 lets it go. Element 1 counts rounds. */
  readonly gate: Int32Array;
  readonly seed: number;
}

const { deed, gate, seed } = workerData as MortalData;

let state = seed | 1;
function random(below: number): number {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) % below;
}

function forEver(round: (number: number) => void): () => void {
  return () => {
    for (let number = 0; ; number += 1) {
      round(number);
      Atomics.add(gate, 1, 1);
    }
  };
}

function sleepForEver(): void {
  Atomics.add(gate, 1, 1);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

const keyOf = (number: number): Uint8Array => new Uint8Array(Uint32Array.of(number).buffer);

function hammerHash({ image, memory }: SharedMap): () => void {
  const map = openMap(image, memory, 2);
  const value = new Uint8Array(image.valueSize);
  return forEver(() => {
    value.fill(random(256));
    if (random(3) === 0) map.delete(keyOf(random(24)));
    else map.update(keyOf(random(24)), value, 0, 0);
  });
}

function hammerQueue({ image, memory }: SharedMap): () => void {
  const map = openMap(image, memory, 2);
  const value = new Uint8Array(image.valueSize);
  return forEver(() => {
    value.fill(random(256));
    if (random(3) === 0) map.pop!(value);
    else map.push!(value, 2 * random(2));
  });
}

function hammerRing({ image, memory }: SharedMap): () => void {
  const ring = openMap(image, memory, 2).ring!;
  return forEver((number) => {
    const address = ring.reserve(8 + random(64), 0n);
    if (address === 0) return;
    if (number % 3 === 0) ring.discard(address, 0n);
    else ring.submit(address, 0n);
  });
}

function hammerDrain({ image, memory }: SharedMap): () => void {
  const ring = openMap(image, memory, 2).userRing!;
  return forEver(() => void ring.drain(() => 0, 0n));
}

function hammerLock(buffer: SharedArrayBuffer): () => void {
  const words = new Int32Array(buffer);
  const lock = new SharedLock(words, 0, "what is tested");
  return forEver(() => {
    if (lock.acquire()) words[2] = words[1]!;
    words[1]! += 1;
    for (let i = random(50); i > 0; i -= 1) words[2] = -1;
    words[2] = words[1]!;
    lock.release();
  });
}

async function hammerUserRing(handle: UserRingBufHandle): Promise<() => void> {
  const ring = await openUserRingBuf(handle);
  const bytes = new Uint8Array(8);
  /** Undefined where others have taken the room. */
  const reserve = (): Reservation | undefined => {
    try {
      return ring.reserve(8);
    } catch (error) {
      if ((error as EbpfError).code !== "NO_SPACE") throw error;
      return undefined;
    }
  };
  return forEver((number) => {
    switch (number % 4) {
      case 0:
        return void ring.trySend(bytes);
      case 1:
        return void reserve()?.submit();
      case 2:
        return void reserve()?.discard();
      default:
        return void ring.fill(20, 8, (view, offset) => view.setFloat64(offset, 0));
    }
  });
}

async function holdTurn(handle: UserRingBufHandle): Promise<() => void> {
  const ring = await openUserRingBuf(handle);
  return () => void ring.fill(3, 8, (_view, _offset, index) => (index === 1 ? sleepForEver() : undefined));
}

async function holdSample(handle: UserRingBufHandle): Promise<() => void> {
  const ring = await openUserRingBuf(handle);
  return () => {
    ring.reserve(8);
    sleepForEver();
  };
}

function hammerShared(fd: number): () => void {
  const producer = SharedRing.open(fd).producer();
  const messages = Array.from({ length: 5 }, () => new Uint8Array(8));
  return forEver((number) => {
    if (number % 2 === 0) producer.trySend(messages[0]!);
    else producer.sendMany(messages);
  });
}

function hammerMachine(image: MachineImage): () => void {
  const machine = openMachine(image);
  return forEver(() => void machine.run(0, { bytes: new Uint8Array(8) }, task));
}

/** Opens and closes the reader, one of which there is at a time. */
async function hammerReader(handle: RingBufHandle): Promise<() => Promise<void>> {
  return async () => {
    for (;;) {
      const ring = await openRingBuf(handle).catch(() => undefined);
      ring?.close();
      Atomics.add(gate, 1, 1);
    }
  };
}

async function prepare(): Promise<() => void | Promise<void>> {
  switch (deed.deed) {
    case "lock":
      return hammerLock(deed.words);
    case "hash":
      return hammerHash(deed);
    case "queue":
      return hammerQueue(deed);
    case "ring":
      return hammerRing(deed);
    case "drain":
      return hammerDrain(deed);
    case "run":
      return hammerMachine(deed.image);
    case "send":
      return hammerUserRing(deed.handle);
    case "hold turn":
      return holdTurn(deed.handle);
    case "hold sample":
      return holdSample(deed.handle);
    case "read":
      return hammerReader(deed.handle);
    case "produce":
      return hammerShared(deed.fd);
  }
}

knowThreads();
const begin = await prepare();
parentPort!.postMessage("ready");
Atomics.wait(gate, 0, 0);
await begin();
