import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { parseFormat } from "../../src/engine/kernel/print/event-format.ts";
import { PrintedLines } from "../../src/engine/kernel/print/printed-lines.ts";
import { isPrintedBy } from "../../src/engine/kernel/print/printing-code.ts";
import { readTracePage } from "../../src/engine/kernel/print/trace-page.ts";

const lineFormat = parseFormat(`name: bpf_trace_printk
ID: 550
format:
	field:unsigned short common_type;	offset:0;	size:2;	signed:0;
	field:int common_pid;	offset:4;	size:4;	signed:1;

	field:__data_loc char[] bpf_string;	offset:8;	size:4;	signed:0;
`);
const stackFormat = parseFormat(`name: kernel_stack
ID: 4
format:
	field:unsigned short common_type;	offset:0;	size:2;	signed:0;
	field:int size;	offset:8;	size:4;	signed:1;
	field:unsigned long caller[8];	offset:16;	size:64;	signed:0;
`);

function lineEvent(text: string, pid: number): Uint8Array {
  const bytes = new TextEncoder().encode(`${text}\0`);
  const event = new Uint8Array(12 + bytes.length);
  const view = new DataView(event.buffer);
  view.setUint16(0, 550, true);
  view.setInt32(4, pid, true);
  view.setUint32(8, (bytes.length << 16) | 12, true);
  event.set(bytes, 12);
  return event;
}

function stackEvent(callers: readonly bigint[]): Uint8Array {
  const event = new Uint8Array(16 + 8 * callers.length);
  const view = new DataView(event.buffer);
  view.setUint16(0, 4, true);
  view.setInt32(8, callers.length, true);
  callers.forEach((caller, index) => view.setBigUint64(16 + 8 * index, caller, true));
  return event;
}

/** `delta` in nanoseconds since the event before it. */
interface Event {
  readonly bytes: Uint8Array;
  readonly delta: number;
}

function pageOf(time: bigint, events: readonly Event[]): DataView {
  const parts: number[] = [];
  const word = (value: number): void => void parts.push(...new Uint8Array(new Uint32Array([value]).buffer));
  for (const { bytes, delta } of events) {
    if (delta >= 2 ** 27) {
      word(((delta % 2 ** 27) << 5) | 30);
      word(Math.floor(delta / 2 ** 27));
    }
    const left = delta >= 2 ** 27 ? 0 : delta;
    const padded = Math.ceil(bytes.length / 4) * 4;
    if (padded <= 112 && padded > 0) {
      word((left << 5) | (padded / 4));
    } else {
      word(left << 5);
      word(padded + 4);
    }
    parts.push(...bytes, ...new Uint8Array(padded - bytes.length));
  }
  const page = new Uint8Array(4096);
  const view = new DataView(page.buffer);
  view.setBigUint64(0, time, true);
  view.setBigUint64(8, BigInt(parts.length), true);
  page.set(parts, 16);
  return view;
}

describe("pages of the kernel's trace buffer", () => {
  it("events come out as they went in, each at its time", () => {
    const event = fc.record({
      bytes: fc.uint8Array({ minLength: 1, maxLength: 200 }),
      delta: fc.oneof(fc.integer({ min: 0, max: 2 ** 27 - 1 }), fc.integer({ min: 2 ** 27, max: 2 ** 40 })),
    });
    fc.assert(
      fc.property(fc.bigInt(0n, 2n ** 60n), fc.array(event, { maxLength: 15 }), (start, events) => {
        const seen: { bytes: number[]; time: bigint }[] = [];
        const lost = readTracePage(pageOf(start, events), (page, at, length, time) => {
          seen.push({ bytes: [...new Uint8Array(page.buffer, at, length)], time });
        });
        let time = start;
        const expected = events.map(({ bytes, delta }) => {
          time += BigInt(delta);
          return { bytes: [...bytes, ...new Uint8Array(Math.ceil(bytes.length / 4) * 4 - bytes.length)], time };
        });
        assert.deepEqual(seen, expected);
        assert.equal(lost, 0);
      }),
    );
  });

  it("any bytes end: nothing is read outside of the page", () => {
    const read = (bytes: Uint8Array): void => {
      const lines = new PrintedLines(
        0,
        { line: lineFormat, stack: stackFormat },
        () => true,
        () => {},
      );
      lines.read(new DataView(bytes.buffer, bytes.byteOffset, bytes.length));
    };
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => read(bytes)));
    // A page that says that it is full.
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 100, maxLength: 300 }), (bytes) => {
        new DataView(bytes.buffer).setBigUint64(8, 4080n, true);
        read(bytes);
      }),
    );
  });

  it("a line whose text is said to be anywhere has what is within the event", () => {
    fc.assert(
      fc.property(fc.nat(0xffff), fc.nat(0xffff), fc.uint8Array({ maxLength: 40 }), (start, length, stack) => {
        const event = lineEvent("text", 7);
        new DataView(event.buffer).setUint32(8, ((length << 16) | start) >>> 0, true);
        const inPlace = start === 12 && length >= 4;
        const seen: string[] = [];
        const lines = new PrintedLines(
          0,
          { line: lineFormat, stack: stackFormat },
          () => true,
          ({ text }) => void seen.push(text),
        );
        const callers = stackEvent([...stack].map(BigInt));
        lines.read(
          pageOf(0n, [
            { bytes: event, delta: 1 },
            { bytes: callers, delta: 1 },
          ]),
        );
        assert.equal(seen.length, 1);
        if (inPlace) assert.equal(seen[0], "text");
        if (start >= event.length) assert.equal(seen[0], "");
      }),
    );
  });

  it("events that were overwritten are counted", () => {
    const page = pageOf(0n, []);
    page.setBigUint64(8, 1n << 31n, true);
    assert.equal(
      readTracePage(page, () => {}),
      1,
    );
    page.setBigUint64(8, (1n << 31n) | (1n << 30n), true);
    page.setBigUint64(16, 77n, true);
    assert.equal(
      readTracePage(page, () => {}),
      77,
    );
  });

  it("a line is its who printed it, however programs interrupt each other, and whatever a text looks like", () => {
    const kernel = { start: 0x1000n, end: 0x2000n };
    const own = [{ start: 0x9000n, end: 0x9100n }];
    const ours = [0x1500n, 0x1800n, 0x9050n, 0x1200n];
    const nested = [0x1500n, 0x1800n, 0x7777n, 0x1300n, 0x9050n, 0x1200n];
    const event = (bytes: Uint8Array): Event => ({ bytes, delta: 1 });
    const seen: [string, number, bigint][] = [];
    const lines = new PrintedLines(
      3,
      { line: lineFormat, stack: stackFormat },
      (stack) => isPrintedBy(own, kernel, stack),
      ({ text, pid, time }) => void seen.push([text, pid, time]),
    );
    lines.read(
      pageOf(100n, [
        event(lineEvent("first\n<stack trace>", 7)),
        event(stackEvent(ours)),
        // Another's program, that ours has called: its line.
        event(lineEvent("theirs", 7)),
        event(stackEvent(nested)),
        // Interrupted between the line and its stack.
        event(lineEvent("outer", 8)),
        event(lineEvent("inner of others", 8)),
        event(stackEvent(nested)),
        event(stackEvent(ours)),
        event(lineEvent("feed\n", 9)),
        event(stackEvent(ours)),
        event(stackEvent(ours)),
      ]),
    );
    assert.deepEqual(seen, [
      ["first\n<stack trace>", 7, 101n],
      ["outer", 8, 105n],
      ["feed", 9, 109n],
    ]);
  });
});
