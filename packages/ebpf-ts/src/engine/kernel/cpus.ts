import { readFileSync } from "node:fs";

/** How many values a per-CPU map has: one for each CPU that could ever be there (`possible`, such as `0-3,8`). */
export function possibleCpus(): number {
  const text = readFileSync("/sys/devices/system/cpu/possible", "utf8").trim();
  let count = 0;
  for (const range of text.split(",")) {
    const [first = "0", last = first] = range.split("-");
    count += Number(last) - Number(first) + 1;
  }
  return count;
}
