import { EbpfError } from "../../../base/errors.ts";
import { importHost } from "../../../host/import-host.ts";
import { refuseIfLockedDown } from "../../../host/locked-down.ts";
import { knowThreads } from "../../../host/threads/thread-lives.ts";
import { mapKind } from "../../../kinds/map-kinds.ts";
import type { RingBell, RingMemory } from "../../../ring/ring-memory.ts";
import type { Injector } from "../../injector.ts";
import type { EngineRing } from "../../ring.ts";
import type { KernelInjector } from "../inject/kernel-injector.ts";
import { KernelMap } from "../map/kernel-map.ts";
import { openBell } from "../poll/poller.ts";
import { mapRing, type MappedRing } from "./ring-pages.ts";
import type { KernelRingHandle } from "./ring-handle.ts";
import { waitReadable } from "./wait-sync.ts";

/** The two kinds of ring. */
export class RingMap extends KernelMap {
  #ring: KernelRing | undefined;
  #injector: KernelInjector | undefined;

  ring(): EngineRing {
    const { fd } = this; // throws when the map is closed
    this.#ring ??= this.#openRing(fd);
    return this.#ring;
  }

  override close(): void {
    this.#ring?.close();
    this.#ring = undefined;
    this.#injector?.close();
    this.#injector = undefined;
    super.close();
  }

  #openRing(fd: number): KernelRing {
    knowThreads();
    const isEventRing = mapKind(this.info.type).ring === "event";
    const memory = mapRing(this.sys, fd, this.info);
    return new KernelRing(memory, {
      bell: (onRing) => openBell(this.sys, [this.fd], isEventRing ? "in" : "out", onRing),
      waitSync: isEventRing ? (timeoutMs) => waitReadable(this.sys, this.fd, timeoutMs) : undefined,
      share: () => {
        const { name, type, id } = this.info;
        return { engine: "kernel", name, type, fd: this.fd, id };
      },
      injector: isEventRing ? (size) => this.#openInjector(memory, size) : undefined,
    });
  }

  async #openInjector(memory: MappedRing, size: number): Promise<Injector> {
    refuseIfLockedDown(`inject into ring ${this.info.name}`, "bpf");
    // It brings a program of its own, which few rings ever see.
    const { openInjector } = await importHost("the injector", () => import("../inject/open-injector.ts"));
    const injector = await this.descriptor.during(() => openInjector(this.sys, this, memory, size));
    this.#injector?.close();
    this.#injector = injector;
    if (!memory.open) {
      injector.close();
      throw new EbpfError("CLOSED", `Cannot inject into ring ${this.info.name}: it is closed`);
    }
    return injector;
  }
}

interface KernelRingParts {
  readonly bell: (onRing: () => void) => RingBell;
  readonly waitSync: ((timeoutMs: number) => boolean) | undefined;
  readonly share: () => KernelRingHandle;
  readonly injector: ((size: number) => Promise<Injector>) | undefined;
}

class KernelRing implements EngineRing {
  readonly share: () => KernelRingHandle;
  readonly injector?: (size: number) => Promise<Injector>;
  readonly waitSync?: (timeoutMs: number) => boolean;
  readonly #memory: MappedRing;
  readonly #open: (onRing: () => void) => RingBell;
  readonly #bells = new Set<RingBell>();

  constructor(memory: MappedRing, { bell, share, injector, waitSync }: KernelRingParts) {
    this.#memory = memory;
    this.#open = bell;
    this.share = share;
    if (injector !== undefined) this.injector = injector;
    if (waitSync !== undefined) this.waitSync = waitSync;
  }

  get memory(): RingMemory {
    return this.#memory;
  }

  bell(onRing: () => void): RingBell {
    const opened = this.#open(onRing);
    const bell: RingBell = {
      arm: () => opened.arm(),
      close: () => {
        this.#bells.delete(bell);
        opened.close();
      },
    };
    this.#bells.add(bell);
    return bell;
  }

  /** The memory stays where it is until nobody can reach it any more. */
  close(): void {
    this.#memory.open = false;
    for (const bell of this.#bells) bell.close();
  }
}
