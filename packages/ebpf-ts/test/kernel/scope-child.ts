/** Starts or holds a command in a scope, says its process id, and ends without closing anything, or stays: by the way that is named. */
import { holdCommand, load } from "../../src/load.ts";
import { fixturePath } from "../support/fixtures.ts";

const way = process.argv[2];
const held = way === "hold" ? await holdCommand("sleep", ["60"], { engine: "kernel", stdout: "ignore" }) : undefined;
const bpf = await load(fixturePath("kernel-run.bpf.o"), { engine: "kernel", scope: "command", command: held });
const { pid } = held ?? (await bpf.spawn("sleep", ["60"], { stdout: "ignore" }));
console.log(pid);
if (way === "exit") process.exit(0);
setInterval(() => {}, 1000);
