import type { EngineReading } from "../engine/reading.ts";

/** Starts to read anew. */
export type OpenReading = () => Promise<EngineReading>;

/**
 * What the program of an iterator prints (`bpf_seq_printf`, `bpf_seq_write`): lines of text, or its bytes as they come. Each loop runs the program anew,
 * from the first to the last of what it walks; who leaves a loop early ends that run.
 *
 *     for await (const line of program.iterate()) console.log(line);
 */
export class IteratorOutput implements AsyncIterable<string> {
  readonly #open: OpenReading;

  /** @internal Made by `iterate()` of a program, and by `read()` of a link. */
  constructor(open: OpenReading) {
    this.#open = open;
  }

  /** Lines, without their ends. The last one need not have an end. What is no UTF-8 comes as U+FFFD. */
  async *[Symbol.asyncIterator](): AsyncGenerator<string, undefined, undefined> {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const chunk of this.bytes()) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = lines.pop()!;
      yield* lines;
    }
    rest += decoder.decode();
    if (rest !== "") yield rest;
    return undefined;
  }

  /** The bytes, in pieces of any length. */
  async *bytes(): AsyncGenerator<Uint8Array, undefined, undefined> {
    const reading = await this.#open();
    try {
      for (let chunk = await reading.read(); chunk !== undefined; chunk = await reading.read()) yield chunk;
      return undefined;
    } finally {
      await reading.close();
    }
  }

  /** All of it. */
  async text(): Promise<string> {
    const decoder = new TextDecoder();
    let text = "";
    for await (const chunk of this.bytes()) text += decoder.decode(chunk, { stream: true });
    return text + decoder.decode();
  }
}
