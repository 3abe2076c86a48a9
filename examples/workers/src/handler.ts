/** What each worker thread does with an event: something that takes long. */
import type { WorkerHandler } from "ebpf-ts/workers";

export interface NumberEvent {
  readonly value: bigint;
}

function isPrime(odd: number): boolean {
  for (let divisor = 3; divisor * divisor <= odd; divisor += 2) if (odd % divisor === 0) return false;
  return true;
}

const handle: WorkerHandler<NumberEvent> = ({ value }, context) => {
  if (isPrime(Number(value))) context.send(value);
};

// oxlint-disable-next-line import/no-default-export -- what a worker's module is
export default handle;
