/** Loads with the token that its options say, and says line by line what came of it. Its argument are options of load(), in JSON. */
import type { Collection } from "../../src/collection/collection.ts";
import { load, type LoadOptions } from "../../src/load.ts";
import { openDescriptors } from "../../src/sys/ffi/descriptor.ts";
import { attempt } from "../lockdown/child.ts";
import { fixturePath } from "../support/fixtures.ts";

const options = JSON.parse(process.argv[2] ?? "{}") as LoadOptions;
const killNumber = process.arch === "arm64" ? 129n : 62n;

const open = (name: string, more: LoadOptions): Promise<Collection> =>
  load(fixturePath(`${name}.bpf.o`), { ...options, ...more });

await attempt("traced", async () => {
  await using bpf = await open("links", { only: "raw", variables: { process: process.pid, kill_number: killNumber } });
  await bpf.program("raw").attach();
  process.kill(process.pid, 0);
  let records = 0;
  bpf.ringBuf("runs").drain(() => {
    records += 1;
  });
  return `${bpf.engine} ${records}`;
});
await attempt("maps", async () => {
  await using bpf = await open("maps", { only: "array_lookup" });
  const map = bpf.map<number, bigint>("array");
  map.set(1, 2n);
  return `${bpf.engine} ${map.get(1)}`;
});
await attempt("XDP", async () => {
  await using bpf = await open("net", { only: "xdp_first" });
  return bpf.programs.size;
});
await attempt("left open", () => openDescriptors().length);
