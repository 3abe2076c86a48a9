import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { BloomFilter, Queue } from "../../src/index.ts";
import { MapFlag, UpdateFlag } from "../../src/uapi/uapi.gen.ts";
import { kernelOrSkip } from "../support/requirements.ts";
import { E2BIG, EINVAL, ENOENT, type Fixture, fixture, onEachEngine } from "./fixture.ts";

interface Job {
  readonly id: number;
  readonly name: string;
}

interface Call {
  readonly job: Job;
  readonly flags: bigint;
  readonly result: bigint;
}

const jobOf = (id: number): Job => ({ id, name: `job ${id}` });
const noJob: Job = { id: 0, name: "" };
const isQueue = (name: string): boolean => name === "queue";

onEachEngine("maps of values without keys", (engine) => {
  for (const name of ["queue", "stack"]) {
    it(`a ${name} gives its ${isQueue(name) ? "oldest" : "newest"}, to users and to programs`, async () => {
      await using loaded = await fixture(engine, "map-values");
      const map: Queue<Job> = loaded.bpf.queue(name);
      assert.deepEqual([map.peek(), map.pop()], [undefined, undefined]);
      for (let id = 1; id <= 3; id += 1) map.push(jobOf(id));
      assert.deepEqual(await ask(loaded, `${name}_push`, jobOf(4)), [0n, jobOf(4)]);
      assert.throws(() => map.push(jobOf(5)), { code: "NO_SPACE", errnoName: "E2BIG", message: new RegExp(name) });
      assert.deepEqual(await ask(loaded, `${name}_push`, jobOf(5)), [E2BIG, jobOf(5)]);
      const [first, second] = isQueue(name) ? [jobOf(1), jobOf(2)] : [jobOf(4), jobOf(3)];
      assert.deepEqual([map.peek(), map.pop()], [first, first]);
      assert.deepEqual(await ask(loaded, `${name}_peek`), [0n, second]);
      assert.deepEqual(await ask(loaded, `${name}_pop`), [0n, second]);
      map.clear();
      assert.equal(map.peek(), undefined);
    });

    it(`of a full ${name} the oldest makes room, where that is asked for`, async () => {
      await using loaded = await fixture(engine, "map-values");
      const map: Queue<Job> = loaded.bpf.queue(name);
      for (let id = 1; id <= 4; id += 1) map.push(jobOf(id));
      map.push(jobOf(5), "replace-oldest");
      assert.deepEqual(await ask(loaded, `${name}_push`, jobOf(6), UpdateFlag.EXIST), [0n, jobOf(6)]);
      const left = [3, 4, 5, 6].map(jobOf);
      assert.deepEqual([map.pop(), map.pop(), map.pop(), map.pop()], isQueue(name) ? left : left.reverse());
      map.push(jobOf(7), "replace-oldest");
      assert.deepEqual([map.pop(), map.pop()], [jobOf(7), undefined]);
    });

    it(`an empty ${name} leaves zeros, and other flags are refused`, async () => {
      await using loaded = await fixture(engine, "map-values");
      for (const verb of ["pop", "peek"])
        assert.deepEqual(await ask(loaded, `${name}_${verb}`, jobOf(1)), [ENOENT, noJob]);
      for (const flags of [1n, 3n, 4n, 1n << 32n, (1n << 64n) - 1n])
        assert.deepEqual(await ask(loaded, `${name}_push`, jobOf(1), flags), [EINVAL, jobOf(1)]);
      assert.equal(loaded.bpf.queue(name).peek(), undefined);
      const map = loaded.engineMap(name);
      assert.throws(() => map.nextKey(undefined), { errnoName: "EINVAL" });
      assert.throws(() => map.delete(new Uint8Array(0)), { errnoName: "EINVAL" });
      assert.throws(() => map.update(new Uint8Array(0), new Uint8Array(16), 1), { errnoName: "EINVAL" });
    });
  }

  it("a value that does not fit is refused, and so are other arguments, and use after close", async () => {
    await using loaded = await fixture(engine, "map-values");
    const queue = loaded.bpf.queue<Job>("queue");
    assert.throws(() => queue.push({ id: "x", name: "" } as never), {
      name: "ValueError",
      message: /into map queue: .*id/,
    });
    assert.throws(() => queue.push(jobOf(1), "now" as never), TypeError);
    assert.throws(() => loaded.bpf.map("stack"), { name: "TypeError", message: /open it with queue\(\)/ });
    assert.throws(() => loaded.bpf.queue("filter"), { name: "TypeError", message: /open it with bloomFilter\(\)/ });
    queue.close();
    for (const use of [() => queue.pop(), () => queue.peek(), () => queue.push(jobOf(1)), () => queue.clear()])
      assert.throws(use, { code: "CLOSED" });
  });

  it("a frozen queue is changed by programs alone", async () => {
    await using loaded = await fixture(engine, "map-values");
    const queue = loaded.bpf.queue<Job>("queue");
    queue.push(jobOf(1));
    loaded.engineMap("queue").freeze!();
    for (const change of [() => queue.push(jobOf(2)), () => queue.pop()]) assert.throws(change, { errnoName: "EPERM" });
    assert.deepEqual(await ask(loaded, "queue_push", jobOf(2)), [0n, jobOf(2)]);
    assert.deepEqual(queue.peek(), jobOf(1));
  });

  it("a Bloom filter has what was added, whoever did it", async () => {
    await using loaded = await fixture(engine, "map-values");
    const filter: BloomFilter<Job> = loaded.bpf.bloomFilter("filter");
    assert.equal(filter.mayHave(jobOf(0)), false);
    assert.deepEqual(await ask(loaded, "filter_peek", jobOf(0)), [ENOENT, jobOf(0)]);
    for (let id = 0; id < 64; id += 2) {
      filter.add(jobOf(id));
      assert.deepEqual(await ask(loaded, "filter_push", jobOf(id + 1)), [0n, jobOf(id + 1)]);
    }
    for (let id = 0; id < 64; id += 1) {
      assert.equal(filter.mayHave(jobOf(id)), true);
      assert.deepEqual(await ask(loaded, "filter_peek", jobOf(id)), [0n, jobOf(id)]);
    }
    const strangers = Array.from({ length: 1000 }, (_, id) => filter.mayHave(jobOf(100 + id)));
    // With 64 of 64 values some 3 % are taken for others.
    assert.ok(strangers.filter(Boolean).length < 200);
    for (const flags of [1n, 2n, 4n])
      assert.deepEqual(await ask(loaded, "filter_push", jobOf(9), flags), [EINVAL, jobOf(9)]);
    const map = loaded.engineMap("filter");
    assert.throws(() => map.nextKey(undefined), { code: "NOT_SUPPORTED" });
    assert.throws(() => map.delete(new Uint8Array(0)), { code: "NOT_SUPPORTED" });
    assert.throws(() => map.update(new Uint8Array(0), new Uint8Array(16), UpdateFlag.EXIST), { errnoName: "EINVAL" });
    filter.close();
    assert.throws(() => filter.mayHave(jobOf(1)), { code: "CLOSED" });
  });

  const change = (map: string, what: object) => (): Promise<Fixture> =>
    fixture(
      engine,
      "map-values",
      ({ maps }) =>
        void Object.assign(
          maps.find(({ name }) => name === map)!,
          what,
        ),
    );

  it("sizes, flags and map_extra are the kernel's", async () => {
    const wrong = [{ keySize: 4 }, { valueSize: 0 }, { maxEntries: 0 }, { flags: MapFlag.NO_PREALLOC }];
    const tooLarge = 4 * 2 ** 20 + 1;
    for (const name of ["queue", "filter"]) {
      for (const what of [...wrong, { mapExtra: 16n }, { valueSize: tooLarge }])
        await assert.rejects(change(name, what), { name: /Error$/, message: new RegExp(`map ${name}`) });
    }
    await assert.rejects(change("queue", { mapExtra: 1n }));
    await assert.rejects(change("queue", { flags: MapFlag.ZERO_SEED }));
    for (const mapExtra of [0n, 1n, 15n]) {
      await using loaded = await change("filter", { mapExtra })();
      const filter = loaded.bpf.bloomFilter<Job>("filter");
      assert.equal(filter.mayHave(jobOf(1)), false);
      filter.add(jobOf(1));
      assert.equal(filter.mayHave(jobOf(1)), true);
    }
    await using one = await change("stack", { maxEntries: 1, flags: MapFlag.NUMA_NODE, numaNode: 0 })();
    const stack = one.bpf.queue<Job>("stack");
    for (let id = 1; id < 5; id += 1) stack.push(jobOf(id), "replace-oldest");
    assert.deepEqual([stack.pop(), stack.pop(), stack.info.maxEntries], [jobOf(4), undefined, 1]);
  });

  it("programs may not change what is for them to read only", async () => {
    const load = change("queue", { flags: MapFlag.RDONLY_PROG });
    // The kernel's verifier refuses it; here it is a fault of the run.
    await assert.rejects(async () => {
      await using loaded = await load();
      await ask(loaded, "queue_push", jobOf(1));
    }, /forbidden|may only read/);
  });
});

/** What a program is given and answers: the result of its helper, and the value that it was given, or has got. */
async function ask(
  loaded: Fixture,
  program: string,
  job: Job = noJob,
  flags: bigint | number = 0,
): Promise<[bigint, Job]> {
  const call = loaded.bpf.variable<Call>("call");
  call.set({ job, flags: BigInt(flags), result: 0n });
  await loaded.bpf.program(program).run();
  const answer = call.get();
  return [answer.result, answer.job];
}

type Step = (loaded: Fixture) => Promise<unknown>;

/** What a step gives, or the errno of its error. */
async function outcome(step: Step, loaded: Fixture): Promise<unknown> {
  try {
    return await step(loaded);
  } catch (error) {
    return (error as { errnoName?: string }).errnoName;
  }
}

function steps(name: string): fc.Arbitrary<Step[]> {
  const id = fc.nat({ max: 9 });
  const of = (loaded: Fixture): Queue<Job> => loaded.bpf.queue(name);
  const step = fc.oneof(
    id.map(
      (number): Step =>
        async (loaded) =>
          of(loaded).push(jobOf(number)),
    ),
    id.map(
      (number): Step =>
        async (loaded) =>
          of(loaded).push(jobOf(number), "replace-oldest"),
    ),
    fc.constant<Step>(async (loaded) => of(loaded).pop()),
    fc.constant<Step>(async (loaded) => of(loaded).peek()),
    fc.tuple(id, fc.constantFrom(0n, 0n, 2n, 2n, 1n, 3n, 1n << 63n)).map(
      ([number, flags]): Step =>
        (loaded) =>
          ask(loaded, `${name}_push`, jobOf(number), flags),
    ),
    id.map(
      (number): Step =>
        (loaded) =>
          ask(loaded, `${name}_pop`, jobOf(number)),
    ),
    id.map(
      (number): Step =>
        (loaded) =>
          ask(loaded, `${name}_peek`, jobOf(number)),
    ),
  );
  return fc.array(step, { maxLength: 60 });
}

describe("maps of values without keys answer as the kernel's do", { skip: kernelOrSkip() }, () => {
  for (const name of ["queue", "stack"]) {
    it(`a ${name}, whatever is done with it`, async () => {
      await using embedded = await fixture("embedded", "map-values");
      await using kernel = await fixture("kernel", "map-values");
      const both = async (step: Step): Promise<void> =>
        assert.deepEqual(await outcome(step, embedded), await outcome(step, kernel));
      await fc.assert(
        fc.asyncProperty(steps(name), async (all) => {
          for (const { bpf } of [embedded, kernel]) bpf.queue(name).clear();
          for (const step of all) await both(step);
        }),
        { numRuns: 50 },
      );
    });
  }

  it("a Bloom filter without a seed takes the same values for others", async () => {
    await using embedded = await fixture("embedded", "map-values");
    await using kernel = await fixture("kernel", "map-values");
    for (const [name, size] of [
      ["seedless", 16],
      ["texts", 7],
    ] as const) {
      const value = (id: number): Uint8Array =>
        Uint8Array.from({ length: size }, (_, at) => (id >>> (at % 4)) * 37 + at);
      const maps = [embedded, kernel].map((loaded) => loaded.engineMap(name));
      for (const map of maps) for (let id = 0; id < 90; id += 1) map.update(new Uint8Array(0), value(id * 7919), 0);
      const seen = maps.map((map) => Array.from({ length: 2000 }, (_, id) => map.contains!(value(id))));
      assert.deepEqual(seen[0], seen[1]);
      assert.ok(new Set(seen[0]).size === 2, "some are taken for others, and some are not");
    }
  });
});
