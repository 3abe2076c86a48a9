/*
 * A page of the kernel's trace buffer, as `per_cpu/cpuN/trace_pipe_raw` gives it (kernel/trace/ring_buffer.c; events/header_page and
 * events/header_event say the same):
 *
 *    0  u64  time of the first event, in nanoseconds of the trace clock
 *    8  u64  commit: in its low 20 bits how many bytes of data there are, and two flags
 *   16       data: events, each a u32 of 5 bits type and 27 bits time since the one before it, and what the type says
 *
 *   type 0        u32 n, then n - 4 bytes
 *   type 1 … 28   4 * type bytes
 *   type 29       padding: the rest of the page when it takes no time, else u32 n, then n - 4 bytes
 *   type 30       u32: the upper bits of a long time
 *   type 31       u32: the upper bits of a time that counts from the clock's start
 */
const timeAt = 0;
const commitAt = 8;
const dataAt = 16;
const headerSize = 4;
const lengthMask = 0xf_ffff;
const missedEvents = 1 << 31;
const missedStored = 1 << 30;
const Type = { long: 0, padding: 29, timeExtend: 30, timeStamp: 31 } as const;
const deltaBits = 27n;
/** The upper 5 bits of an absolute time are those of the page's. */
const stampMask = (1n << 59n) - 1n;

/** What begins at `at`, `length` bytes of it, at that time. */
export type OnTraceEvent = (page: DataView, at: number, length: number, time: bigint) => void;

/** Gives how many events were lost before the page's first. What makes no sense ends the page. */
export function readTracePage(page: DataView, onEvent: OnTraceEvent): number {
  if (page.byteLength < dataAt) return 0;
  let time = page.getBigUint64(timeAt, true);
  const commit = page.getUint32(commitAt, true);
  const end = Math.min(dataAt + (commit & lengthMask), page.byteLength);
  for (let at = dataAt; at + 4 <= end;) {
    const header = page.getUint32(at, true);
    const type = header & 31;
    const delta = BigInt(header >>> 5);
    const word = at + 8 <= end ? page.getUint32(at + headerSize, true) : 0;
    if (type === Type.padding && delta === 0n) break;
    if (type === Type.timeExtend) time += delta + (BigInt(word) << deltaBits);
    else if (type === Type.timeStamp) time = (time & ~stampMask) | ((delta + (BigInt(word) << deltaBits)) & stampMask);
    else time += delta;
    const isShort = type !== Type.long && type < Type.padding;
    const start = isShort ? at + 4 : at + 8;
    const length = isShort ? 4 * type : type >= Type.timeExtend ? 0 : word - 4;
    if (length < 0 || start + length > end) break;
    if (type < Type.padding) onEvent(page, start, length, time);
    at = start + roundUp4(length);
  }
  return lostBefore(page, commit, end);
}

/** Where it does not say how many, one. */
function lostBefore(page: DataView, commit: number, end: number): number {
  if ((commit & missedEvents) === 0) return 0;
  return (commit & missedStored) !== 0 && end + 8 <= page.byteLength ? Number(page.getBigUint64(end, true)) : 1;
}

function roundUp4(length: number): number {
  return (length + 3) & ~3;
}
