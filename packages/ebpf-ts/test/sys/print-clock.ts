import { monotonicNs } from "../../src/sys/process/clock.ts";

console.log(String(monotonicNs()));
