import type { RecordView } from "../../../src/ring/record-view.ts";
import type { WorkerContext } from "../../../src/workers/index.ts";

export interface TestEvent {
  readonly number: bigint;
  readonly key: number;
  readonly text: string;
}

/** What the handler is to do, beside reporting the event's number, key and worker. */
export interface TestTask {
  /** Milliseconds to sleep. */
  readonly sleep?: number;
  /** Rounds of arithmetic. */
  readonly spin?: number;
  readonly quiet?: boolean;
  /** Fails at every multiple of it. */
  readonly fail?: number;
  /** Ends the thread at this number, as often as `deaths` says, counted in `memory[0]`. */
  readonly dieAt?: number;
  readonly deaths?: number;
  /** Ends the thread when it first sees a multiple of it, which is remembered in `memory[number]`. */
  readonly dieEvery?: number;
  /** Finishes event 0 when so many others are finished, which are counted in the last element of `memory`. */
  readonly holdFirst?: number;
  readonly memory?: Int32Array;
}

export interface TestReport {
  readonly number: number;
  readonly key: number;
  readonly worker: number;
  readonly text: string;
}

export let result = 0;

// oxlint-disable-next-line import/no-default-export -- what a worker's module is
export default function handle(event: TestEvent | RecordView, context: WorkerContext): void | Promise<void> {
  const task = context.data as TestTask;
  const { number, key, text } = "u64" in event ? look(event) : { ...event, number: Number(event.number) };
  if (task.dieAt === number && Atomics.add(task.memory!, 0, 1) < (task.deaths ?? 1)) process.exit(7);
  if (task.dieEvery !== undefined && number % task.dieEvery === 0 && Atomics.add(task.memory!, number, 1) === 0)
    process.exit(7);
  if (task.holdFirst !== undefined) {
    const counter = task.memory!.length - 1;
    if (number === 0) return until(() => Atomics.load(task.memory!, counter) >= task.holdFirst!);
    Atomics.add(task.memory!, counter, 1);
  }
  if (task.fail !== undefined && number % task.fail === 0) throw new RangeError(`number ${number}`);
  if (task.spin !== undefined) spin(task.spin);
  const report = (): void => {
    if (task.quiet !== true) context.send({ number, key, worker: context.worker, text } satisfies TestReport);
  };
  if (task.sleep === undefined) return report();
  return new Promise((resolve) => {
    setTimeout(() => {
      report();
      resolve();
    }, task.sleep);
  });
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
}

function look(record: RecordView): { number: number; key: number; text: string } {
  return { number: Number(record.u64(0)), key: record.u32(8), text: `${record.length} bytes` };
}

function spin(rounds: number): void {
  for (let round = 0; round < rounds; round += 1) result = Math.imul(result ^ round, 0x01000193);
}
