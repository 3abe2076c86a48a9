import type { Instruction } from "../../../insn/instruction.ts";
import type { MapSpec } from "../../../spec/types.ts";
import type { Descriptor } from "../../../sys/ffi/descriptor.ts";
import type { Sys } from "../../../sys/ffi/sys.ts";
import { HelperId, MapType } from "../../../uapi/uapi.gen.ts";
import { check } from "../failure.ts";
import { createMap } from "../map/create-map.ts";
import { ElementCalls } from "../map/element.ts";
import { CodeBuilder } from "./code-builder.ts";
import { attachOwn, loadOwn } from "./own-program.ts";
import { gate } from "./prologue.ts";

const mapSpec: MapSpec = {
  name: "ebpf_ts_gate",
  type: MapType.ARRAY,
  keySize: 4,
  valueSize: gate.size,
  maxEntries: 1,
  flags: 0,
  mapExtra: 0n,
  numaNode: undefined,
  pinning: "none",
  keyType: 0,
  valueType: 0,
  recordType: 0,
  inner: undefined,
  slots: [],
  section: undefined,
  contents: undefined,
  readOnly: false,
};

/**
 * Until a command has become itself, a shell stands in its place: what that does is nobody's event. Two programs of the library's own see
 * the end of it, in the task itself, while a command is being started:
 *
 * ```text
 *   raw_tp/sched_process_exec   a program is in memory                 executed += 1
 *   raw_tp/sys_exit             execve(2) returns to its first line    starting = 0: the gate is open
 * ```
 * A command whose environment no shell hands on executes more: env(1) before itself (`programs`).
 *
 * They are attached after the object's own, so that those which look at the end of system calls do not see that of this execve.
 */
export class Gate {
  readonly #sys: Sys;
  readonly #map: Descriptor;
  readonly #level: number;
  readonly #value = new Uint8Array(gate.size);
  readonly #key = new Uint8Array(4);
  readonly #calls: ElementCalls;

  private constructor(sys: Sys, map: Descriptor, level: number) {
    this.#sys = sys;
    this.#map = map;
    this.#level = level;
    this.#calls = new ElementCalls(sys, map, 4, gate.size);
  }

  /** `level` is that of the cgroups in which single commands are started. */
  static async make(sys: Sys, level: number): Promise<Gate> {
    return new Gate(sys, await createMap(sys, mapSpec, undefined), level);
  }

  get fd(): number {
    return this.#map.fd;
  }

  /** From now on the tasks of that cgroup are nobody's, until one has executed so many programs. */
  async shut(id: bigint, programs: number): Promise<{ close(): void }> {
    const open: Descriptor[] = [];
    const close = (): void => open.splice(0).forEach((each) => each.close());
    try {
      this.#write(id);
      for (const { name, tracepoint, instructions } of this.#openers(programs)) {
        const program = await loadOwn(this.#sys, { name, instructions });
        open.push(program);
        open.push(attachOwn(this.#sys, program, name, tracepoint));
      }
      return { close };
    } catch (error) {
      close();
      throw error;
    }
  }

  /** Whether nobody is being started any more. */
  get isOpen(): boolean {
    check(this.#calls.lookup(this.#key), "ask whether the command has started");
    return new DataView(this.#calls.value.buffer).getBigUint64(gate.starting, true) === 0n;
  }

  open(): void {
    this.#write(0n);
  }

  close(): void {
    this.#map.close();
  }

  #write(starting: bigint): void {
    this.#value.fill(0);
    new DataView(this.#value.buffer).setBigUint64(gate.starting, starting, true);
    check(this.#calls.update(this.#key, this.#value, 0), "start a command");
  }

  #openers(programs: number): { name: string; tracepoint: string; instructions: Instruction[] }[] {
    const [fd, level] = [this.#map.fd, this.#level];
    return [
      { name: "command_exec", tracepoint: "sched_process_exec", instructions: noteExec(fd, level) },
      { name: "command_starts", tracepoint: "sys_exit", instructions: openGate(fd, level, programs) },
    ];
  }
}

function noteExec(fd: number, level: number): Instruction[] {
  const code = new CodeBuilder().mapValue(6, fd).load64(7, 6, gate.starting).jumpIf(7, "==", 0, "leave");
  return isStarting(code, level)
    .load64(1, 6, gate.executed)
    .addTo(1, 1)
    .storeRegister64(6, gate.executed, 1)
    .label("leave")
    .leave(0)
    .finish();
}

function openGate(fd: number, level: number, programs: number): Instruction[] {
  const code = new CodeBuilder().mapValue(6, fd).load64(1, 6, gate.executed).jumpIf(1, "!=", programs, "leave");
  return isStarting(code.load64(7, 6, gate.starting), level)
    .store64(6, gate.executed, 0)
    .store64(6, gate.starting, 0)
    .label("leave")
    .leave(0)
    .finish();
}

/** r7 is the cgroup of the command that is being started. */
function isStarting(code: CodeBuilder, level: number): CodeBuilder {
  return code.set(1, level).call(HelperId.get_current_ancestor_cgroup_id).jumpIfRegister(0, "!=", 7, "leave");
}
