/** Which room of the library may import which: the walls that `check-imports` holds. See docs/architecture.md. */

export interface Room {
  /** A folder (with a slash at its end) or a file below packages/ebpf-ts/src. */
  readonly path: string;
  /** Paths of the rooms that it may import, beside itself. */
  readonly imports: readonly string[];
  /** Runs in a browser: no `node:` module, no Node global. */
  readonly pure: boolean;
}

const facts = ["errors.ts", "uapi/"];
const objects = [...facts, "bytes/", "elf/", "btf/", "insn/", "spec/"];
const contract = [...objects, "ring/", "memory/", "engine/"];
const spare = "try-descriptors.ts";
const callOut = "stream/call-out.ts";
const nouns = ["map/", "program/", "link/", "stream/", callOut];
const machine = [...contract, callOut, "engine/embedded/"];
const ptrace = "engine/embedded/sources/ptrace/";
const nodeHost = "engine/embedded/node-host.ts";
const top = [
  ...contract,
  ...nouns,
  "collection.ts",
  "load.ts",
  "open.ts",
  "read-object.ts",
  "import-host.ts",
  "reporters.ts",
  "engine/kernel/",
  "engine/embedded/",
  nodeHost,
];

const pure = (path: string, imports: readonly string[]): Room => ({ path, imports, pure: true });
const host = (path: string, imports: readonly string[]): Room => ({ path, imports, pure: false });

/** The longest path that a file begins with is its room. */
export const rooms: readonly Room[] = [
  pure("errors.ts", []),
  pure("uapi/", []),
  pure("bytes/", facts),
  pure("elf/", [...facts, "bytes/"]),
  // CO-RE patches instructions.
  pure("btf/", [...facts, "bytes/", "insn/"]),
  pure("insn/", [...facts, "bytes/"]),
  pure("spec/", objects),
  pure("ring/", [...facts, "bytes/"]),
  pure("memory/", [...facts, "bytes/"]),
  pure("engine/", contract),
  pure("engine/embedded/", [...contract, callOut]),
  host(nodeHost, [...machine, ptrace, "sys/", "import-host.ts"]),
  host(ptrace, [...machine, "sys/", spare]),
  host("engine/kernel/", [...contract, "sys/", spare]),
  host("shared-ring/", [...facts, "ring/", "stream/", "sys/", spare]),
  host("sys/", [...facts, "bytes/", "memory/"]),
  pure("map/", [...contract, ...nouns]),
  pure("program/", [...contract, ...nouns]),
  pure("link/", [...contract, ...nouns]),
  pure(callOut, []),
  pure("stream/", [...contract, ...nouns]),
  pure("collection.ts", [...contract, ...nouns]),
  host("workers/", [...contract, ...nouns, "sys/", "engine/kernel/", "engine/embedded/", spare, "import-host.ts"]),
  host("read-object.ts", facts),
  pure(spare, []),
  host("import-host.ts", [...facts, spare]),
  host("reporters.ts", [...contract, ...nouns]),
  host("load.ts", top),
  host("open.ts", top),
  host("index.ts", top),
];

/** The one room that may load the FFI. */
export const ffiRoom = "sys/";

/** Faults of the table itself: a pure room that may import another one is only as pure as that. */
export function tableFaults(): string[] {
  return rooms
    .filter((room) => room.pure)
    .flatMap((room) => {
      const impure = room.imports.filter((path) => rooms.find((other) => other.path === path)?.pure !== true);
      return impure.map(
        (path) => `scripts/rooms.ts: ${room.path} is called pure, but may import ${path}, which is not`,
      );
    });
}

export function roomOf(path: string): Room | undefined {
  const matches = rooms.filter((room) => (room.path.endsWith("/") ? path.startsWith(room.path) : path === room.path));
  return matches.sort((a, b) => b.path.length - a.path.length)[0];
}
