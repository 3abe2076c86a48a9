import { EbpfError } from "../../../base/errors.ts";
import type { PerfMemory } from "../../../ring/perf/perf-memory.ts";
import type { RingBell } from "../../../ring/ring-memory.ts";
import { Descriptor } from "../../../sys/ffi/descriptor.ts";
import { KernelStruct } from "../../../sys/ffi/kernel-struct.ts";
import type { Sys } from "../../../sys/ffi/sys.ts";
import { Errno } from "../../../uapi/errno.ts";
import { PerfEventAttr, PerfEventMmapPage } from "../../../uapi/structs.gen.ts";
import { PerfIoctl, PerfSample, PerfSoftware, PerfType } from "../../../uapi/uapi.gen.ts";
import type { EnginePerf, PerfOptions } from "../../perf.ts";
import { onlineCpus } from "../cpus.ts";
import { check, failure } from "../failure.ts";
import { perfFailure } from "../perf-failure.ts";
import { KernelMap } from "./kernel-map.ts";
import { PerfSlots } from "./perf-slots.ts";
import { openBell } from "../poll/poller.ts";

const ANY_PROCESS = -1;
const { data_head, data_tail } = PerfEventMmapPage.fields;

/**
 * BPF_MAP_TYPE_PERF_EVENT_ARRAY (Linux 4.3): each slot is the perf event of one CPU, whose ring `bpf_perf_event_output` with
 * BPF_F_CURRENT_CPU writes.
 */
export class PerfEventMap extends KernelMap {
  #perf: KernelPerf | undefined;

  perf(options: PerfOptions): EnginePerf {
    if (this.#perf?.isOpen === true) {
      throw new EbpfError(
        "BUSY",
        `Cannot open perf event array ${this.info.name}: it has a reader already, close that one first`,
      );
    }
    // CPUs may outnumber the slots an object declared; programs on the others get E2BIG, as with libbpf.
    const cpus = onlineCpus().filter((number) => number < this.info.maxEntries);
    const slots = new PerfSlots(this.sys, this.descriptor, this.info);
    const rings: PerfRing[] = [];
    this.#perf = new KernelPerf(this.sys, rings, slots);
    try {
      for (const cpu of cpus) {
        const ring = new PerfRing(this.sys, this.info.name, cpu, options);
        rings.push(ring);
        slots.fill(cpu, ring.fd);
        ring.enable();
      }
    } catch (error) {
      this.#perf.close();
      throw error;
    }
    return this.#perf;
  }

  override close(): void {
    this.#perf?.close();
    super.close();
  }
}

class KernelPerf implements EnginePerf {
  readonly rings: readonly PerfRing[];
  readonly #sys: Sys;
  readonly #slots: PerfSlots;
  readonly #bells = new Set<RingBell>();
  #open = true;

  constructor(sys: Sys, rings: readonly PerfRing[], slots: PerfSlots) {
    this.rings = rings;
    this.#sys = sys;
    this.#slots = slots;
  }

  get isOpen(): boolean {
    return this.#open;
  }

  bell(onRing: () => void): RingBell {
    const fds = this.rings.map((ring) => ring.fd);
    const bell = openBell(this.#sys, fds, "perf", onRing);
    this.#bells.add(bell);
    return {
      arm: () => bell.arm(),
      close: () => {
        this.#bells.delete(bell);
        bell.close();
      },
    };
  }

  setPaused(paused: boolean): void {
    for (const ring of this.rings) ring.setPaused(paused);
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    for (const bell of this.#bells) bell.close();
    this.#slots.empty();
    for (const ring of this.rings) ring.close();
  }
}

class PerfRing {
  readonly cpu: number;
  readonly memory: PerfMemory & { open: boolean };
  readonly #sys: Sys;
  readonly #what: string;
  readonly #event: Descriptor;

  constructor(sys: Sys, map: string, cpu: number, options: PerfOptions) {
    this.cpu = cpu;
    this.#sys = sys;
    this.#what = `the ring of CPU ${cpu} of perf event array ${map}`;
    const fd = sys.perfEventOpen(eventAttributes(options), ANY_PROCESS, cpu);
    if (fd < 0) throw perfFailure(fd, `open ${this.#what}`);
    this.#event = new Descriptor(fd, this.#what);
    try {
      this.memory = this.#map(options);
    } catch (error) {
      this.#event.close();
      throw error;
    }
  }

  get fd(): number {
    return this.#event.fd;
  }

  enable(): void {
    check(this.#sys.ioctl(this.fd, PerfIoctl.ENABLE, 0), `enable ${this.#what}`, "ioctl");
  }

  setPaused(paused: boolean): void {
    const action = `${paused ? "pause" : "resume"} ${this.#what}`;
    check(this.#sys.ioctl(this.fd, PerfIoctl.PAUSE_OUTPUT, paused ? 1 : 0), action, "ioctl");
  }

  /** The memory stays where it is until nobody can reach it any more. */
  close(): void {
    this.memory.open = false;
    this.#event.close();
  }

  /** A ring that is mapped for reading only is one that the kernel overwrites. */
  #map({ pages, overwritable }: PerfOptions): PerfMemory & { open: boolean } {
    const page = this.#sys.pageSize();
    const size = pages * page;
    const buffer = this.#sys.map({ fd: this.fd, offset: 0, length: page + size, writable: !overwritable });
    if (typeof buffer === "number") {
      throw failure(
        buffer,
        `map the memory of ${this.#what}`,
        "mmap",
        buffer === -Errno.EPERM ? tooMuchLocked : "there is not so much memory",
      );
    }
    return {
      size,
      head: new BigUint64Array(buffer, data_head.at, 1),
      tail: new BigUint64Array(buffer, data_tail.at, 1),
      data: new Uint8Array(buffer, page, size),
      open: true,
    };
  }
}

/** perf_mmap() in kernel/events/core.c */
const tooMuchLocked =
  "this user may not lock so much memory: ask for fewer pages, or raise kernel.perf_event_mlock_kb or ulimit -l, or give the process CAP_IPC_LOCK";

/** The wake-up is counted in events, or, with a watermark, in bytes. */
function eventAttributes({ watermark, overwritable }: PerfOptions): KernelStruct<typeof PerfEventAttr> {
  const inBytes = watermark !== undefined && "bytes" in watermark;
  return new KernelStruct(PerfEventAttr, {
    type: PerfType.SOFTWARE,
    config: PerfSoftware.BPF_OUTPUT,
    sample_period: 1, // every event is a sample
    sample_type: PerfSample.RAW,
    watermark: Number(inBytes),
    write_backward: Number(overwritable),
    ...(inBytes ? { wakeup_watermark: watermark.bytes } : { wakeup_events: watermark?.events ?? 1 }),
  });
}
