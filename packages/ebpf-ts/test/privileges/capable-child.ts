/** Does what the library is for with the capabilities that it was started with, and says line by line what came of it. Its arguments are a folder of a bpf file system, and what to do; all of it by default. */
import { openPinned } from "../../src/open.ts";
import { openPinnedLink, openPinnedProgram } from "../../src/open-pins.ts";
import { haveEngine, load, type LoadOptions } from "../../src/load.ts";
import type { Collection } from "../../src/collection/collection.ts";
import type { AttachTarget } from "../../src/attach/attach-targets.gen.ts";
import { findProgram, haveProgramType, pinById, programCode, programs } from "../../src/kernel/index.ts";
import { func } from "../../src/sys/ffi/libc.ts";
import { ProgType } from "../../src/uapi/uapi.gen.ts";
import { attempt as attemptIt } from "../lockdown/child.ts";
import { fixture } from "../suite/fixture.ts";
import { fixturePath } from "../support/fixtures.ts";

const [pins = "", ...wanted] = process.argv.slice(2);
const attempt = async (name: string, deed: () => unknown): Promise<void> => {
  if (wanted.length === 0 || wanted.includes(name)) await attemptIt(name, deed);
};
const getppid = func("int getppid(void)");
const killNumber = process.arch === "arm64" ? 129n : 62n;
const own = { process: process.pid, kill_number: killNumber };

async function withObject<T>(name: string, options: LoadOptions, use: (bpf: Collection) => Promise<T> | T): Promise<T> {
  await using bpf = await load(fixturePath(`${name}.bpf.o`), { engine: "kernel", ...options });
  return await use(bpf);
}

function recordsIn(bpf: Collection, ring: string): number {
  let records = 0;
  bpf.ringBuf(ring).drain(() => {
    records += 1;
  });
  return records;
}

/** How many records a program wrote about one call of kill(2), attached as its section says. */
const runsOf = (program: string): Promise<number> =>
  withObject("links", { only: program, variables: own }, async (bpf) => {
    await bpf.program(program).attach();
    process.kill(process.pid, 0);
    return recordsIn(bpf, "runs");
  });

/** How many records it wrote about one call of a function. */
const callsOf = (program: string, target: AttachTarget): Promise<number> =>
  withObject("uprobe-multi", { only: program }, async (bpf) => {
    await bpf.program(program).attach(target);
    getppid();
    return recordsIn(bpf, "hits");
  });

const samplesOf = (target: AttachTarget): Promise<string> =>
  withObject("sampling", { only: "on_sample", variables: { only_tgid: process.pid } }, async (bpf) => {
    await bpf.program("on_sample").attach(target);
    for (let at = 0, pages = new Uint8Array(2 ** 21); at < pages.length; at += 4096) pages[at] = 1;
    return BigInt(bpf.variable("samples").get() as bigint) > 0n ? "samples" : "none";
  });

await attempt("tracing", async () => (await haveEngine("kernel")).reason ?? "may be loaded");
await attempt("automatic", () => withObject("maps", { engine: "auto" }, (bpf) => bpf.engine));
await attempt("automatic tracing", () => withObject("links", { engine: "auto", only: "raw" }, (bpf) => bpf.engine));
await attempt("array", () =>
  withObject("maps", {}, (bpf) => {
    const map = bpf.map<number, bigint>("array");
    map.set(1, 2n);
    return String(map.get(1));
  }),
);
await attempt("user ring", async () => {
  await using loaded = await fixture("kernel", "user-ring");
  loaded.bpf.userRingBuf("samples").send(new Uint8Array(8));
  return String((await loaded.call("drain_count"))["seen"]);
});
await attempt("the kernel's types", () => withObject("core-kernel", {}, (bpf) => bpf.programs.size));
await attempt("raw tracepoint", () => runsOf("raw"));
await attempt("typed tracepoint", () => runsOf("typed"));
await attempt("tracepoint", () => runsOf("first"));
await attempt("perf event", () => samplesOf({ kind: "perf_event", event: "page-faults", period: 1, pid: process.pid }));
await attempt("many uprobes", () =>
  callsOf("on_calls", { kind: "uprobe_multi", path: "libc.so.6", symbols: ["getppid"], pid: process.pid }),
);
await attempt("uprobe", () =>
  callsOf("on_one", { kind: "uprobe", path: "libc.so.6", symbol: "getppid", pid: process.pid }),
);
await attempt("iterator", () =>
  withObject("iterators", { only: "on_task", variables: { only_tgid: process.pid } }, async (bpf) => {
    const link = await bpf.program("on_task").attach();
    for await (const line of link.read()) if (line.endsWith(` of ${process.pid}`)) return "this process";
    return "nobody";
  }),
);
await attempt("XDP", () => withObject("net", { only: "xdp_first" }, (bpf) => bpf.programs.size));
await attempt("XDP may be loaded", async () => {
  const { outcome, reason } = await haveProgramType(ProgType.XDP);
  return reason ?? outcome;
});
await attempt("pins", () =>
  withObject("links", { only: "raw", variables: own }, async (bpf) => {
    const program = bpf.program("raw");
    const link = await program.attach();
    const map = bpf.ringBuf("runs");
    map.pin(`${pins}/map`);
    program.pin(`${pins}/program`);
    link.pin(`${pins}/link`);
    try {
      (await openPinned(`${pins}/map`)).close();
      await (await openPinnedProgram(`${pins}/program`)).close();
      await (await openPinnedLink(`${pins}/link`)).close();
      // By its number this process could not open it, and finds the pin.
      const { id } = program.info;
      pinById("program", id, `${pins}/again`);
      return `${findProgram(id)?.name} ${programCode(id).instructions.length > 0}`;
    } finally {
      link.unpin();
      program.unpin();
      map.unpin();
    }
  }),
);
await attempt("list", () => [...programs()].length);
