/** Starts a command in a scope, says what its cgroup is, and ends without closing anything: by the way that is named. */
import { fixturePath } from "../support/fixtures.ts";
import { load } from "../../src/load.ts";

const way = process.argv[2];
const bpf = await load(fixturePath("kernel-run.bpf.o"), { engine: "kernel", scope: "command" });
const command = await bpf.spawn("sleep", ["60"], { stdout: "ignore" });
console.log(command.pid);
if (way === "exit") process.exit(0);
setInterval(() => {}, 1000);
