/**
 * The rooms of the library, and which may import which: the walls that `check-imports` holds, and the table of
 * docs/architecture.md. An arrow that nobody uses is a fault, so that this list is the house as it is.
 */

export interface Room {
  /** A folder (with a slash at its end) or a file below packages/ebpf-ts/src. */
  readonly path: string;
  /** What it is for, in the words of the table. */
  readonly holds: string;
  /** Paths of the rooms that it imports, beside itself. */
  readonly imports: readonly string[];
  /** Runs in a browser: asks neither the runtime nor the system for anything, by itself or by a room that it imports. */
  readonly pure: boolean;
}

const pure = (path: string, holds: string, imports: string): Room => ({
  path,
  holds,
  imports: list(imports),
  pure: true,
});
const host = (path: string, holds: string, imports: string): Room => ({
  path,
  holds,
  imports: list(imports),
  pure: false,
});

function list(text: string): string[] {
  return text.split(" ").filter((path) => path !== "");
}

/** From the ground up. The longest path that a file begins with is its room. */
export const rooms: readonly Room[] = [
  pure("base/", "errors, checks of options, calls of users' functions: small, and used everywhere", ""),
  pure("uapi/", "the kernel's numbers and structs (generated), errno names, GPL-only helpers", ""),
  pure("kinds/", "what a map type is and what a program's section says: two tables that alone know it", "base/ uapi/"),
  pure("bytes/", "offset arithmetic on foreign bytes, every access checked", "base/"),
  pure("insn/", "instructions: encode, decode, print", "base/"),
  pure(
    "elf/",
    "ELF64 relocatable file → sections, symbols, relocations; `executable/` functions of executables, `demangle/` their names in C++ and Rust, `usdt/` the probes that they define",
    "base/ bytes/",
  ),
  // CO-RE patches instructions.
  pure("btf/", "BTF and BTF.ext → types, layout; `core/` relocations; `codec/` values", "base/ bytes/ insn/"),
  pure(
    "dwarf/",
    "debug information: variables of functions and where they are; types, and the same as BTF",
    "base/ btf/ elf/",
  ),
  pure(
    "spec/",
    "`CollectionSpec`: what an object says, as plain data; `object/` reads a file into it, `records/` finds what its rings hold, `entries/` what its maps, `assembly/` appends subprograms",
    "base/ btf/ bytes/ dwarf/ elf/ insn/ kinds/ uapi/",
  ),
  pure(
    "ring/",
    "record format, one consumer, one producer, over any memory; `codec/` the format by itself, `perf/` perf rings, `overwrite/` rings that overwrite",
    "base/ uapi/",
  ),
  pure("memory/", "live typed views of shared memory, and their lifetimes", "base/"),
  pure("attach/", "what a user says about where a program is to be attached: a file a kind", "base/ kinds/ uapi/"),
  pure("engine/", "the contract that an engine fulfils, by noun", "attach/ base/ ring/ spec/"),
  host("host/", "what talks to the JavaScript runtime: files, threads, exit, dynamic imports, diagnostics", "base/"),
  host("sys/", "system calls through koffi, which nothing else imports", "base/ host/ uapi/"),
  host(
    "engine/kernel/",
    "Linux: bpf(2), perf_event_open(2), mmap(2), and how rings wake who reads them",
    "attach/ base/ btf/ elf/ engine/ host/ insn/ kinds/ ring/ spec/ sys/ uapi/",
  ),
  // The embedded engine, from the ground up: no room below knows of one above.
  pure(
    "engine/embedded/memory/",
    "the ground of the embedded engine: one WebAssembly memory, what lies where, who may touch it, and a heap",
    "base/",
  ),
  pure(
    "engine/embedded/machine/",
    "the contract inside the embedded engine, programs and their runs; who runs them, helpers and maps are handed in from above",
    "base/ engine/embedded/memory/ insn/ ring/ spec/",
  ),
  pure(
    "engine/embedded/interpret/",
    "an executor: runs programs, instruction by instruction; no run knows it",
    "engine/embedded/machine/ insn/",
  ),
  pure(
    "engine/embedded/helpers/",
    "the kernel's helpers, a file a subject; no run knows them",
    "engine/embedded/machine/ engine/embedded/memory/ kinds/ uapi/",
  ),
  pure(
    "engine/embedded/rings/",
    "ring buffers: what programs do with them, and user space's side; below maps/, which lists them",
    "base/ engine/ engine/embedded/machine/ engine/embedded/memory/ kinds/ memory/ ring/ spec/ uapi/",
  ),
  pure(
    "engine/embedded/maps/",
    "maps with keys, values without, and which of all kinds the engine makes",
    "base/ engine/embedded/machine/ engine/embedded/memory/ engine/embedded/rings/ kinds/ memory/ spec/ uapi/",
  ),
  pure(
    "engine/embedded/load/",
    "spec → image of a machine, and image → machine: checks, references, and which parts it is put together from",
    "base/ btf/ engine/embedded/helpers/ engine/embedded/interpret/ engine/embedded/machine/ engine/embedded/maps/ engine/embedded/memory/ insn/ spec/ uapi/",
  ),
  pure(
    "engine/embedded/sources/",
    "the contract of what fires events for programs; each source is a room of its own in it",
    "attach/ base/ engine/ engine/embedded/load/ engine/embedded/machine/ kinds/ uapi/",
  ),
  pure(
    "engine/embedded/sources/calls/",
    "the calls of JavaScript functions, as events",
    "base/ engine/embedded/machine/ engine/embedded/sources/",
  ),
  pure(
    "engine/embedded/user/",
    "the engine, its collections, maps and programs as users of the contract see them",
    "attach/ base/ engine/ engine/embedded/load/ engine/embedded/machine/ engine/embedded/rings/ engine/embedded/sources/ kinds/ spec/ uapi/",
  ),
  host(
    "engine/embedded/sources/ptrace/",
    "the system calls of a traced command, as events",
    "base/ engine/ engine/embedded/machine/ engine/embedded/sources/ host/ kinds/ sys/ uapi/",
  ),
  host(
    "engine/embedded/node-host.ts",
    "the embedded engine in this process, with its sources of events",
    "engine/ engine/embedded/machine/ engine/embedded/sources/ engine/embedded/sources/ptrace/ engine/embedded/user/ host/ sys/",
  ),
  host(
    "compile/",
    "C → object, with clang and headers of our own (`include/`); `vmlinux.h` from the kernel's types, or the embedded engine's",
    "base/ btf/ engine/embedded/load/ host/ uapi/",
  ),
  pure("columns/", "records as one typed array a member, laid out as Apache Arrow's", "base/ btf/"),
  pure(
    "stream/",
    "async iteration, merging, wake-ups; `dispatch/` concurrent handlers",
    "base/ columns/ engine/ ring/",
  ),
  pure(
    "map/",
    "the live nouns for maps; `inject/` into event rings, `send/` into user rings, `perf/` event arrays",
    "base/ btf/ columns/ engine/ kinds/ link/ memory/ ring/ spec/ stream/ uapi/",
  ),
  pure("link/", "what keeps a program attached", "attach/ base/ engine/ uapi/"),
  pure("program/", "a loaded program", "attach/ base/ btf/ engine/ link/ spec/"),
  pure(
    "collection/",
    "a loaded object: its maps and programs",
    "attach/ base/ engine/ kinds/ link/ map/ memory/ program/ spec/ stream/",
  ),
  pure("values/", "decoded values for people: JSON, dates", ""),
  host("ktime-to-date.ts", "times of the kernel as dates", "sys/ values/"),
  pure("ktime-to-date-embedded.ts", "times of the embedded engine as dates", "engine/embedded/machine/ values/"),
  pure("load-object.ts", "what loading is on every host", "base/ collection/ engine/ spec/"),
  pure(
    "load-embedded.ts",
    "bytes → embedded engine → collection",
    "base/ collection/ engine/embedded/user/ load-object.ts spec/",
  ),
  pure(
    "open-embedded.ts",
    "rings that another thread shares, in a browser",
    "base/ engine/embedded/rings/ map/ workers/handles/",
  ),
  pure(
    "object-module.ts",
    "what a compiled object is as a module: a typed `load()`, and whether it is stale",
    "base/ collection/ load-object.ts spec/",
  ),
  pure(
    "define-embedded-object.ts",
    "such a module for the embedded engine",
    "base/ collection/ load-embedded.ts object-module.ts",
  ),
  pure("importing/module-source.ts", "the module that the import of an object gives, as JavaScript", ""),
  host(
    "importing/",
    "objects that are imported: read, or compiled on the way",
    "base/ compile/ elf/ host/ importing/module-source.ts",
  ),
  pure(
    "codegen/",
    "spec → TypeScript: the modules that `ebpf gen` writes; a subpath of its own, which nothing else imports",
    "attach/ base/ btf/ collection/ importing/module-source.ts kinds/ spec/",
  ),
  pure(
    "embedded.ts",
    "the front door for browsers",
    "attach/ base/ collection/ columns/ define-embedded-object.ts engine/ engine/embedded/machine/ engine/embedded/sources/ engine/embedded/sources/calls/ engine/embedded/user/ ktime-to-date-embedded.ts link/ load-embedded.ts map/ memory/ object-module.ts open-embedded.ts program/ ring/ spec/ stream/ values/",
  ),
  host("shared-ring/", "rings between processes without eBPF", "base/ host/ ring/ stream/ sys/ uapi/"),
  pure(
    "workers/handles/",
    "rings that another thread shares, opened on any host",
    "base/ btf/ engine/ kinds/ map/ memory/",
  ),
  host(
    "workers/",
    "threads that read a ring's memory themselves; between threads only positions travel",
    "base/ btf/ engine/ engine/embedded/machine/ engine/embedded/rings/ engine/embedded/sources/ engine/kernel/ host/ map/ ring/ stream/ sys/ workers/handles/",
  ),
  host(
    "open-pins.ts",
    "programs and links that somebody else pinned",
    "attach/ base/ engine/ engine/kernel/ host/ link/ program/",
  ),
  host(
    "kernel/",
    "what is loaded in the running kernel, whoever loaded it, and what that kernel can do; a subpath of its own, which nothing else imports",
    "base/ btf/ engine/ engine/kernel/ host/ insn/ kinds/ stream/ sys/ uapi/",
  ),
  host("open.ts", "the door to maps that somebody else made, light as well", "host/ loading/ map/"),
  host("object-file.ts", "an object's file as data, for tools that load nothing", "host/ spec/"),
  host(
    "loading/",
    "object → engine → collection; maps that somebody else made: what only importing the library does not wait for",
    "base/ collection/ engine/ engine/embedded/sources/ engine/kernel/ host/ kinds/ link/ load-object.ts lockdown/ map/ spec/",
  ),
  host(
    "lockdown/",
    "a process gives up power: its user, its capabilities, its system calls",
    "base/ engine/ host/ sys/ uapi/",
  ),
  host(
    "load.ts",
    "the door to loading, light enough to be imported at once; which engine it is",
    "base/ collection/ engine/ engine/embedded/node-host.ts engine/embedded/sources/ engine/kernel/ host/ load-object.ts loading/ spec/",
  ),
  host("define-object.ts", "such a module for any engine", "collection/ host/ load.ts object-module.ts"),
  host("esbuild.ts", "a plugin of esbuild's for imports of objects", "host/ importing/ importing/module-source.ts"),
  host("vite.ts", "the same for Vite and Rollup", "importing/ importing/module-source.ts"),
  host(
    "bundling.ts",
    "which files a bundle must have beside it: those that threads are started with",
    "engine/embedded/sources/ptrace/ engine/kernel/ host/ shared-ring/ workers/",
  ),
  host(
    "index.ts",
    "the front door",
    "attach/ base/ collection/ columns/ define-object.ts engine/ engine/embedded/sources/ host/ ktime-to-date.ts link/ load.ts map/ memory/ object-module.ts open-pins.ts open.ts program/ ring/ spec/ stream/ values/",
  ),
  host("register.ts", "hooks of Node's for imports of objects", "host/ importing/ importing/module-source.ts index.ts"),
];

/** Public entries for hosts that are not Node: whatever they reach, also by a dynamic import, is plain JavaScript. */
export const browserDoors: readonly string[] = ["embedded.ts"];

/** The one room that talks to the JavaScript runtime: all others ask it, for `node:` modules as for Node's globals. */
export const runtimeRoom = "host/";

/** The one room that may load the FFI. */
export const ffiRoom = "sys/";

/** Faults of the table itself: a pure room that imports another one is only as pure as that. */
export function tableFaults(): string[] {
  return rooms
    .filter((room) => room.pure)
    .flatMap((room) => {
      const impure = room.imports.filter((path) => rooms.find((other) => other.path === path)?.pure !== true);
      return impure.map((path) => `scripts/rooms.ts: ${room.path} is called pure, but imports ${path}, which is not`);
    });
}

export function roomOf(path: string): Room | undefined {
  const matches = rooms.filter((room) => (room.path.endsWith("/") ? path.startsWith(room.path) : path === room.path));
  return matches.sort((a, b) => b.path.length - a.path.length)[0];
}
