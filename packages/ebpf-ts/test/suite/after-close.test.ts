import assert from "node:assert/strict";
import { it } from "node:test";
import { EbpfError } from "../../src/base/errors.ts";
import { type Fixture, fixture, onEachEngine } from "./fixture.ts";

const path = "/sys/fs/bpf/none";
const nothing = (): void => {};
const bytes = new Uint8Array(24);
const job = { id: 1, name: "" };
/** For the classes themselves. */
const codecs = ["encode", "decode"];

/** What a noun says after its end: every member that is not listed is CLOSED. */
interface Row {
  readonly noun: object;
  /** Getters and methods that go on answering: names, sizes, counters, `close()`. */
  readonly answers: readonly string[];
  readonly arguments?: Readonly<Record<string, readonly unknown[]>>;
}

async function openAll(names: readonly string[], engine: "kernel" | "embedded"): Promise<Fixture[]> {
  const loaded: Fixture[] = [];
  for (const name of names) loaded.push(await fixture(engine, name));
  return loaded;
}

async function rowsOf(all: readonly Fixture[]): Promise<Record<string, Row>> {
  const [maps, memory, loss, users, links, values] = all.map(({ bpf }) => bpf);
  const user = users!.userRingBuf("samples");
  const [link] = await links!.attach();
  return {
    Collection: {
      noun: loss!,
      answers: ["engine", "maps", "links", "leftAlone", "close"],
      arguments: { map: ["second_lost_samples"], ringBuf: ["first"], variable: ["first__lost"], spawn: ["true"] },
    },
    RingBuf: {
      noun: loss!.ringBuf("first"),
      answers: [
        "size",
        "received",
        "discarded",
        "lost",
        "overwritten",
        "available",
        "consumerPosition",
        "canInject",
        "injected",
        "close",
      ],
      arguments: {
        drain: [nothing],
        drainBlocking: [nothing],
        waitSync: [0],
        lend: [nothing],
        pin: [path],
        inject: [bytes],
        injectMany: [[]],
        injectFill: [1, 8, nothing],
      },
    },
    BpfMap: {
      noun: maps!.map("percpu_array"),
      answers: ["name", "info", "seal", "close"],
      arguments: {
        getMany: [[1]],
        setMany: [[[1, 1n]]],
        deleteMany: [[1]],
        get: [1],
        getPerCpu: [1],
        set: [1, 1n],
        take: [1],
        delete: [1],
        has: [1],
        pin: [path],
        setPerCpu: [1, Array.from({ length: all[0]!.engineMap("percpu_array").cpus }, () => 1n)],
      },
    },
    Queue: {
      noun: values!.queue("queue"),
      answers: ["name", "info", "close", ...codecs],
      arguments: { push: [job], encode: [job], pin: [path] },
    },
    BloomFilter: {
      noun: values!.bloomFilter("filter"),
      answers: ["name", "info", "close", ...codecs],
      arguments: { add: [job], mayHave: [job], encode: [job], pin: [path] },
    },
    ArrayMemory: {
      noun: memory!.map("counters").memory(),
      answers: ["readOnly", "field"],
      arguments: { get: [0], set: [0, 1n], at: [0], add: [0, 1n] },
    },
    Variable: {
      noun: loss!.variable("first__lost"),
      answers: ["section", "size"],
      arguments: { set: [1n], store: [1n], add: [1n], sub: [1n], exchange: [1n], compareExchange: [1n, 2n] },
    },
    UserRingBuf: {
      noun: user,
      answers: ["size", "sent", "discarded", "abandoned", "occupied", "free", "close", "closed"],
      arguments: {
        send: [{}],
        trySend: [{}],
        sendMany: [[{}]],
        fill: [1, 8, nothing],
        reserve: [8],
        tryReserve: [8],
        reserveWhenFree: [8],
        pin: [path],
      },
    },
    UserSample: { noun: user.reserve(8), answers: [] },
    Program: {
      noun: users!.programs.values().next().value!,
      answers: ["info", "handle", "verifierLog"],
      arguments: {
        run: [{ context: bytes }],
        pin: [path],
        query: [{ kind: "tc", interface: "lo", direction: "ingress" }],
      },
    },
    Link: {
      noun: link!,
      answers: ["program", "map", "attached", "detach", "close"],
      arguments: { update: [links!.programs.values().next().value!], pin: [path] },
    },
  };
}

/** Of the class and those above it. */
function membersOf(noun: object): [string, PropertyDescriptor][] {
  const above = Object.getPrototypeOf(noun) as object;
  if (above === Object.prototype) return [];
  const own = Object.entries(Object.getOwnPropertyDescriptors(above)).filter(([name]) => name !== "constructor");
  return [...own, ...membersOf(above)];
}

/** The code of its error, or `answers`. */
async function outcomeOf({ noun, arguments: given = {} }: Row, name: string): Promise<string> {
  try {
    const member = (noun as Record<string, unknown>)[name];
    const result: unknown = typeof member === "function" ? member.apply(noun, given[name] ?? []) : member;
    // Loops begin with their first step.
    const { next } = Object(result) as Partial<Iterator<unknown>>;
    await (typeof next === "function" ? next.call(result) : result);
    return "answers";
  } catch (error) {
    return error instanceof EbpfError ? error.code : String(error);
  }
}

async function closeAll(all: readonly Fixture[]): Promise<void> {
  for (const { bpf } of all) await bpf.close();
}

onEachEngine("use after close", (engine) => {
  it("every getter and method of every noun says CLOSED, but for names, sizes and counters", async () => {
    const all = await openAll(["maps", "memory", "loss", "user-ring", "links", "map-values"], engine);
    try {
      const rows = await rowsOf(all);
      await closeAll(all);
      for (const [title, row] of Object.entries(rows)) {
        const seen: Record<string, string> = {};
        const expected: Record<string, string> = {};
        for (const [name] of membersOf(row.noun)) {
          seen[name] = await outcomeOf(row, name);
          expected[name] = row.answers.includes(name) ? "answers" : "CLOSED";
        }
        assert.deepEqual(seen, expected, title);
      }
    } finally {
      await closeAll(all);
    }
  });

  it("a walk through a map ends where the map is closed", async () => {
    for (const close of ["map", "collection"]) {
      await using loaded = await fixture(engine, "map-entries");
      const map = loaded.bpf.map<number, bigint>("many");
      map.setMany(Array.from({ length: 20 }, (_, key): [number, bigint] => [key, 1n]));
      const walks = [map.keys(), map.values(), map.entries(), map[Symbol.iterator]()];
      for (const walk of walks) assert.equal(walk.next().done, false);
      if (close === "map") map.close();
      else await loaded.bpf.close();
      for (const walk of walks)
        assert.throws(() => walk.next(), { code: "CLOSED", message: "Cannot use map many: it is closed" });
    }
  });

  it("a ring that is closed still says how much was lost, whoever counted that", async () => {
    await using loaded = await fixture(engine, "loss");
    const ring = loaded.bpf.ringBuf("first");
    const { refused } = await loaded.call("fill_first", { count: 1024 });
    assert.ok(Number(refused) > 0);
    assert.equal(ring.lost, refused);
    await loaded.bpf.close();
    assert.equal(ring.lost, refused);
  });

  it("a link of a collection that is closed is detached, and the collection has none any more", async () => {
    await using loaded = await fixture(engine, "links");
    const links = await loaded.bpf.attach();
    assert.ok(links.length > 0 && links.every(({ attached }) => attached));
    await loaded.bpf.close();
    assert.ok(links.every(({ attached }) => !attached));
    assert.deepEqual(loaded.bpf.links, []);
  });
});
