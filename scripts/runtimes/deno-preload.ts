/** Before each file of tests on Deno: the processes that tests start get the arguments of Node. */
import process from "node:process";
import { fileURLToPath } from "node:url";

process.env["EBPF_TS_DENO"] = process.execPath;
process.execPath = fileURLToPath(new URL("../../runtimes/deno-as-node.sh", import.meta.url));
