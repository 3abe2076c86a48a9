/** Programs, where they are attached, and engines: `attach`, links, `spawn`, `load`, the engine's contract. */
import {
  type AttachTarget,
  type AttachTargetOf,
  BpfMap,
  type Collection,
  type Command,
  type Engine,
  type EngineCollection,
  type Link,
  load,
  type MapNoun,
  type PerfEventArray,
  type Program,
  RingBuf,
  type UserRingBuf,
  type Variable,
} from "ebpf-ts";
import { embeddedEngine, type EventSource, load as loadEmbedded } from "ebpf-ts/embedded";
import type { Hold, Same } from "./same.ts";

declare const bpf: Collection;
declare const program: Program;
declare const source: EventSource;
declare const bytes: Uint8Array;

export type Attaching = Hold<
  [
    Same<Parameters<Program["attach"]>[0], AttachTarget | undefined>,
    Same<AttachTargetOf<"uprobe">["kind"], "uprobe">,
    AttachTargetOf<"tracepoint"> extends AttachTarget ? true : false,
    Same<Awaited<ReturnType<Collection["attach"]>>, Link[]>,
    Same<Awaited<ReturnType<Collection["spawn"]>>, Command>,
    Same<ReturnType<Engine["load"]>, Promise<EngineCollection>>,
    Same<ReturnType<typeof embeddedEngine>, Engine>,
    Same<Collection["maps"], ReadonlyMap<string, MapNoun>>,
    Same<Collection["programs"], ReadonlyMap<string, Program>>,
    Same<Collection["variables"], ReadonlyMap<string, Variable>>,
    BpfMap extends MapNoun ? true : false,
    UserRingBuf extends MapNoun ? true : false,
    PerfEventArray extends MapNoun ? true : false,
  ]
>;

export async function attaches(): Promise<void> {
  await using link = await program.attach({ kind: "uprobe", path: "/bin/bash", symbol: "readline" });
  if (link.target.kind === "uprobe") link.target.path satisfies string;
  // @ts-expect-error -- which kind it is must be asked first
  link.target.path;
  await program.attach();
  // @ts-expect-error -- without the file
  await program.attach({ kind: "uprobe", symbol: "readline" });
  // @ts-expect-error -- keys of another kind
  await program.attach({ kind: "tracepoint", path: "/bin/bash" });
  // @ts-expect-error -- no such kind
  await program.attach({ kind: "uprobes", path: "/bin/bash" });
}

export async function commands(): Promise<void> {
  const command = await bpf.spawn("sh", ["-c", "true"], { stdin: "pipe" });
  command.kill("SIGTERM");
  // @ts-expect-error -- by name
  command.kill(15);
  // @ts-expect-error -- one of three
  await bpf.spawn("sh", [], { stdout: "pipe" });
  const { code, signal } = await command.exited;
  [code, signal] satisfies [number | undefined, string | undefined];
}

export async function lockingDown(): Promise<void> {
  await bpf.lockDown();
  await bpf.lockDown({
    user: { uid: 1, gid: 1, groups: [] },
    seccomp: { files: "read", network: false, allow: ["fork"] },
  });
  // @ts-expect-error -- by number, and with a group
  await bpf.lockDown({ user: { uid: 1 } });
  // @ts-expect-error -- one of three
  await bpf.lockDown({ seccomp: { files: "write" } });
  const { seccomp, ended } = await bpf.lockDown({
    seccomp: false,
    capabilities: "keep",
    readOnly: true,
    inject: ["events"],
  });
  [seccomp?.ioUring, ended] satisfies [boolean | undefined, readonly string[]];
}

export async function engines(): Promise<void> {
  await load(bytes, { engine: embeddedEngine({ sources: [source] }) });
  (await loadEmbedded(bytes, { sources: [source], cpus: 2 })) satisfies Collection;
  // @ts-expect-error -- a browser has no paths
  await loadEmbedded("trace.bpf.o");
  for (const [name, map] of bpf.maps) {
    if (map instanceof RingBuf) map.events();
    else if (map instanceof BpfMap) map.get(name);
  }
  // @ts-expect-error -- looked at, not added to
  bpf.maps.set("name", new Map());
}
