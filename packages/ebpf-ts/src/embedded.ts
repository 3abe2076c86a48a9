/**
 * eBPF for TypeScript without a kernel, and without Node: the embedded engine, for browsers and any other host. Nothing that is reached
 * from here needs a `node:` module.
 */
export type * from "./attach/attach-targets.gen.ts";
export type { LinkTarget, StructOpsTarget } from "./attach/link-target.ts";
export type { AnyProgram, AttachOrder, OtherLink, OtherProgram } from "./attach/order.ts";
export type { QueriedTarget } from "./attach/queried-target.ts";
export type { CgroupOrder } from "./attach/targets/iter.ts";
export type { PerfEventName } from "./attach/perf-events.ts";
export { Collection } from "./collection/collection.ts";
export type {
  ConstantOf,
  Given,
  MapOf,
  ObjectDescription,
  PerCpuMapOf,
  ProgramOf,
  RingOf,
  SettingOf,
  SettingValues,
  UserRingOf,
  VariableOf,
  VariableValues,
} from "./collection/description.ts";
export type {
  ColumnName,
  ColumnOf,
  ColumnOptions,
  Columns,
  ColumnValue,
  NumberColumn,
  WideColumn,
} from "./columns/column-types.ts";
export { TextColumn } from "./columns/text-column.ts";
export type { LiveMap, MapOptions } from "./collection/map-options.ts";
export type { ProgramChoice, ProgramOptions, ProgramTarget } from "./collection/program-options.ts";
export type { ProgramSelection } from "./spec/choose-programs.ts";
export type { Fields, TypeOption } from "./collection/record-types.ts";
export { TypedCollection } from "./collection/typed-collection.ts";
export { defineObject, type EmbeddedObjectModule as ObjectModule } from "./define-embedded-object.ts";
export type { CommandExit, EngineCommand as Command, Signal, SpawnOptions } from "./engine/command.ts";
export type { Engine, EngineCollection, EngineOptions } from "./engine/engine.ts";
export type { EngineName } from "./engine/engine-name.ts";
export type { Injector, WriteRecord } from "./engine/injector.ts";
export type { EngineMap, MapBatch, MapInfo } from "./engine/map.ts";
export type { Pinnable } from "./engine/pinnable.ts";
export type { EnginePrints, PrintedLine, PrintOrigin } from "./engine/prints.ts";
export type { EnginePerf, PerfOptions } from "./engine/perf.ts";
export type {
  EngineLink,
  EngineProgram,
  EngineProgramOptions,
  ProgramInfo,
  Replacement,
  RunOptions,
  RunResult,
  RunTask,
} from "./engine/program.ts";
export type { EngineRing, EngineRingHandle } from "./engine/ring.ts";
export type { Clock } from "./engine/embedded/machine/clock.ts";
export type { RunContext, RunOrigin, Task } from "./engine/embedded/machine/contracts.ts";
export type { MachineImage } from "./engine/embedded/machine/image.ts";
export { AttachedPrograms } from "./engine/embedded/sources/attached-programs.ts";
export type { AttachPlace, PlaceKind } from "./engine/embedded/sources/attach-place.ts";
export { FunctionCalls, type Functions } from "./engine/embedded/sources/calls/function-calls.ts";
export { type ContextType, type EventContext, runContext } from "./engine/embedded/sources/context-type.ts";
export { type EventReports, type EventRunner, openEventRunner } from "./engine/embedded/sources/event-runner.ts";
export type {
  AttachedProgram,
  AttachPoint,
  EventSource,
  RunningSource,
  SourceHost,
} from "./engine/embedded/sources/event-source.ts";
export {
  type Architecture,
  embeddedEngine,
  type EmbeddedEngineOptions,
} from "./engine/embedded/user/embedded-engine.ts";
export {
  EbpfError,
  type EbpfErrorCode,
  type EbpfErrorOptions,
  LockDownError,
  NotSupportedError,
  ProgramFault,
  SyscallError,
  ValueError,
  type ValuePlace,
  VerifierError,
} from "./base/errors.ts";
export type { QueriedProgram, QueriedPrograms } from "./engine/queried-programs.ts";
export type { LinkInfo } from "./engine/link.ts";
export type {
  FileAccess,
  LockDown,
  LockableCollection,
  LockDownOptions,
  LockDownPlan,
  LockDownReport,
  LockDownUser,
  SeccompOptions,
  SeccompPlan,
  SeccompReport,
} from "./engine/lock-down.ts";
export { ktimeToDate } from "./ktime-to-date-embedded.ts";
export { toJson } from "./values/to-json.ts";
export type { EngineReading } from "./engine/reading.ts";
export type { IteratorOutput } from "./link/iterator-output.ts";
export { Link, type Linked, type LinkedOps, type LinkedProgram } from "./link/link.ts";
export { load, type EmbeddedLoadOptions as LoadOptions, type ObjectOptions } from "./load-embedded.ts";
export { openRingBuf, openUserRingBuf } from "./open-embedded.ts";
export type { UpdateMode } from "./map/bpf-map.ts";
export type { ReadOptions, SumOptions } from "./map/entries/read-options.ts";
export type { PushMode } from "./map/keyless/queue.ts";
export type { InjectOptions } from "./map/inject/inject-options.ts";
export * from "./map/nouns.gen.ts";
export type { PerfBatch } from "./map/perf/perf-batch.ts";
export type { PerfDrainResult } from "./map/perf/perf-drain.ts";
export type { PerfRingOptions } from "./map/perf/perf-options.ts";
export type { OnSample, PerfEvent } from "./map/perf/perf-rings.ts";
export type { RingLoan } from "./map/ring-loan.ts";
export type { StructOpsState } from "./map/struct-ops/struct-ops.ts";
export type { RingBufHandle, UserRingBufHandle } from "./map/ring-handles.ts";
export { Variable } from "./map/variable.ts";
export type { ArrayMemory, Live } from "./memory/array-memory.ts";
export type { MemberPath } from "./memory/find-scalar.ts";
export type { ScalarArray } from "./memory/scalar-format.ts";
export type { LiveValues, ScalarView } from "./memory/scalar-view.ts";
export type { DescribedObject, DescribedOptions, ObjectSource } from "./object-module.ts";
export { type IterOptions, Program } from "./program/program.ts";
export type { BlockingDrainOptions, DrainOptions, DrainResult } from "./ring/drain-options.ts";
export type { OnRecordView } from "./ring/reading.ts";
export type { PerfMemory } from "./ring/perf/perf-memory.ts";
export type { RecordView } from "./ring/record-view.ts";
export type { Reservation } from "./ring/reservation.ts";
export type { RingBell, RingMemory } from "./ring/ring-memory.ts";
export { dispatch } from "./stream/dispatch/dispatch.ts";
export type {
  DispatchContext,
  DispatchOptions,
  DispatchResult,
  EventHandler,
} from "./stream/dispatch/dispatch-options.ts";
export type { PrintkOptions, PrintStream } from "./stream/print-stream.ts";
export type { RecordBatch } from "./stream/record-batch.ts";
export { merge, type MergedStream, type ValueOf } from "./stream/merge.ts";
export type { RoomOptions } from "./stream/room-queue.ts";
export type { EventsOptions, RecordStream } from "./stream/record-stream.ts";
export { parse } from "./spec/parse.ts";
export type { KconfigValue } from "./spec/kconfig-value.ts";
export type { RecordChoice } from "./spec/records/said/say-records.ts";
export type { CollectionSpec, MapSpec, ProgramSpec, VariableSpec } from "./spec/types.ts";
