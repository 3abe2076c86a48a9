import { ReadFence } from "../../base/read-fence.ts";
import { checkPerfMemory, type PerfMemory } from "./perf-memory.ts";
import {
  badRing,
  checkRecordSize,
  isSample,
  lostCount,
  perfHeaderSize,
  perfPayloadAt,
  sampleLength,
  statedSize,
} from "./perf-record.ts";

/** What an overwritable ring held at one moment. */
export interface PerfSnapshot {
  /** A copy, in which no sample is divided. */
  readonly data: Uint8Array;
  /** Newest first. */
  readonly samples: readonly { readonly offset: number; readonly length: number }[];
  readonly lost: number;
}

const tries = 8;

/**
 * Copies an overwritable ring, best while it is paused, and finds the records: from the head upwards, the newest first. The
 * last one may have been overwritten from its end; such a one passes the end of the ring's bytes, and is left out.
 */
export function takeSnapshot(memory: PerfMemory, name: string): PerfSnapshot {
  checkPerfMemory(memory);
  const { data, head } = copyRing(memory);
  if (head % 8n !== 0n) throw badRing(name, `its head ${head} is not a multiple of 8`);
  // It starts at 0 and moves downwards.
  const written = Number(
    BigInt.asUintN(64, -head) < BigInt(memory.size) ? BigInt.asUintN(64, -head) : BigInt(memory.size),
  );
  return { data, ...findSamples(data, written, name) };
}

/** The bytes from the head on, of pages that are mapped read-only. A program that had begun to write before the ring was paused may still move it. */
function copyRing({ data, size, head }: PerfMemory): { data: Uint8Array; head: bigint } {
  const copy = new Uint8Array(size);
  const fence = new ReadFence();
  for (let turn = 0; ; turn += 1) {
    const seen = fence.load(head);
    const at = Number(seen & BigInt(size - 1));
    copy.set(data.subarray(at, size), 0);
    copy.set(data.subarray(0, at), size - at);
    fence.pass();
    if (turn === tries || fence.load(head) === seen) return { data: copy, head: seen };
  }
}

function findSamples(data: Uint8Array, written: number, name: string): Pick<PerfSnapshot, "samples" | "lost"> {
  const view = new DataView(data.buffer);
  const samples: { offset: number; length: number }[] = [];
  let lost = 0;
  for (let at = 0; at + perfHeaderSize <= written;) {
    const size = statedSize(view, at);
    if (written === data.length && at + size > written && size % 8 === 0) break;
    checkRecordSize(size, written - at, name);
    if (isSample(view, at)) {
      samples.push({ offset: at + perfPayloadAt, length: sampleLength(view, at, size, name) });
    } else {
      lost += lostCount(view, at, size, name);
    }
    at += size;
  }
  return { samples, lost };
}
