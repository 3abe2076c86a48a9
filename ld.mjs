import { load } from "ebpf-ts";
const bpf = await load("/work/main/bench/start.bpf.o", { engine: "kernel" });
await bpf.attach();
process.exit();
