import { readHostFile } from "../../host/system-files.ts";

/** How many values a per-CPU map has: one for each CPU that could ever be there (`possible`, such as `0-3,8`). */
export function possibleCpus(): number {
  return cpusOf("possible").length;
}

/** Numbers of the CPUs that run now. */
export function onlineCpus(): number[] {
  return cpusOf("online");
}

function cpusOf(set: "possible" | "online"): number[] {
  const text = readHostFile(`/sys/devices/system/cpu/${set}`, "ask which CPUs there are").trim();
  const cpus: number[] = [];
  for (const range of text.split(",")) {
    const [first = "0", last = first] = range.split("-");
    for (let cpu = Number(first); cpu <= Number(last); cpu += 1) cpus.push(cpu);
  }
  return cpus;
}
