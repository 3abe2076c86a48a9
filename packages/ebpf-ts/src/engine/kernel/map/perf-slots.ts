import { Descriptor } from "../../../sys/ffi/descriptor.ts";
import { KernelStruct } from "../../../sys/ffi/kernel-struct.ts";
import type { Sys } from "../../../sys/ffi/sys.ts";
import { Errno } from "../../../uapi/errno.ts";
import { BpfAttr } from "../../../uapi/structs.gen.ts";
import { Command, MapFlag } from "../../../uapi/uapi.gen.ts";
import type { MapInfo } from "../../map.ts";
import { ElementCalls } from "./element.ts";
import { check } from "../failure.ts";

/** By the id of the map, then by CPU: who of this thread filled the slot last. */
const owners = new Map<number, Map<number, PerfSlots>>();

/**
 * The slots of a perf event array that one reader fills, and empties again: only its own, not those that a later reader has taken over.
 * No call reads a slot back, so the kernel is left to compare: when an open file of the map is closed, it empties the slots that
 * were last filled through that file (perf_event_fd_array_release of kernel/bpf/arraymap.c). So a reader has a file of its own.
 *
 * That takes CAP_SYS_ADMIN (BPF_MAP_GET_FD_BY_ID), and is not so for maps with BPF_F_PRESERVE_ELEMS. Otherwise slots are deleted that
 * nobody else of this thread has filled since; of other processes nobody can tell.
 */
export class PerfSlots {
  readonly #id: number;
  readonly #calls: ElementCalls;
  readonly #name: string;
  readonly #cpus: number[] = [];
  /** Undefined when slots have to be deleted one by one. */
  readonly #file: Descriptor | undefined;

  constructor(sys: Sys, map: Descriptor, { id, name, flags, keySize, valueSize }: MapInfo) {
    this.#id = id;
    this.#name = name;
    this.#file = (flags & MapFlag.PRESERVE_ELEMS) === 0 ? openAgain(sys, id, name) : undefined;
    this.#calls = new ElementCalls(sys, this.#file ?? map, keySize, valueSize);
  }

  fill(cpu: number, event: number): void {
    check(this.#calls.update(u32(cpu), u32(event), 0), `put a ring into slot ${cpu} of perf event array ${this.#name}`);
    this.#cpus.push(cpu);
    const known = owners.get(this.#id) ?? new Map<number, PerfSlots>();
    owners.set(this.#id, known.set(cpu, this));
  }

  /** To be called once, while the map is open. */
  empty(): void {
    const known = owners.get(this.#id);
    for (const cpu of this.#cpus) {
      if (known?.get(cpu) !== this) continue;
      known.delete(cpu);
      // Somebody may have frozen the map, or emptied the slot.
      if (this.#file === undefined) this.#calls.delete(u32(cpu));
    }
    if (known?.size === 0) owners.delete(this.#id);
    this.#file?.close();
  }
}

/** Undefined where this process may not open maps by their ids. */
function openAgain(sys: Sys, id: number, name: string): Descriptor | undefined {
  const fd = sys.bpf(Command.MAP_GET_FD_BY_ID, new KernelStruct(BpfAttr.get_id, { map_id: id }));
  if (fd === -Errno.EPERM || fd === -Errno.EINVAL) return undefined;
  return new Descriptor(check(fd, `open the rings of perf event array ${name}`), `the slots of map ${name}`);
}

function u32(value: number): Uint8Array {
  return new Uint8Array(new Uint32Array([value]).buffer);
}
