/** What takes long about an event: some 50 µs of arithmetic, and the count of who did it. */
import type { WorkerHandler } from "ebpf-ts/workers";

const rounds = 40_000;

function stir(seed: number): number {
  let value = seed | 1;
  for (let i = 0; i < rounds; i += 1) {
    value ^= value << 13;
    value ^= value >>> 17;
    value ^= value << 5;
  }
  return value;
}

const handle: WorkerHandler<{ readonly pid: number }> = ({ pid }, { worker, data }) => {
  if (stir(pid) !== 0) Atomics.add(data as Int32Array, worker, 1);
};

// oxlint-disable-next-line import/no-default-export -- what a worker's module is
export default handle;
