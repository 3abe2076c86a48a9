/** eBPF for TypeScript. The subpaths hold the rest: `ebpf-ts/spec`, `/btf`, `/insn`, `/ring`. */
export { Collection, type Fields, type TypeOption } from "./collection.ts";
export type {
  CommandExit,
  EngineCommand as Command,
  EngineName,
  MapInfo,
  ProgramInfo,
  RunOptions,
  RunResult,
  SpawnOptions,
} from "./engine/engine.ts";
export {
  EbpfError,
  type EbpfErrorCode,
  NotSupportedError,
  ProgramFault,
  SyscallError,
  VerifierError,
} from "./errors.ts";
export { Link } from "./link/link.ts";
export { haveEngine, load, type EngineAvailability, type LoadOptions } from "./load.ts";
export { BpfMap, type UpdateMode } from "./map/bpf-map.ts";
export { RingBuf } from "./map/ring-buf.ts";
export { UserRingBuf } from "./map/user-ring-buf.ts";
export { Variable } from "./map/variable.ts";
export { Program } from "./program/program.ts";
export { parse } from "./spec/parse.ts";
export type { CollectionSpec, MapSpec, ProgramSpec, VariableSpec } from "./spec/types.ts";
