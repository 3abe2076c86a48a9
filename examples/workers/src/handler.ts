/** What each worker thread does with an event: something that takes long. */
import type { WorkerHandler } from "ebpf-ts/workers";
import type { NumberType } from "./workers.bpf.ts";

function isPrime(odd: number): boolean {
  for (let divisor = 3; divisor * divisor <= odd; divisor += 2) if (odd % divisor === 0) return false;
  return true;
}

const handle: WorkerHandler<NumberType> = ({ value }, context) => {
  if (isPrime(Number(value))) context.send(value);
};

// oxlint-disable-next-line import/no-default-export -- what a worker's module is
export default handle;
