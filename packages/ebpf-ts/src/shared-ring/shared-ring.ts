import { EbpfError } from "../base/errors.ts";
import { type Checks, checkOptions } from "../base/check-options.ts";
import { aBoolean, aPath, type Check, integer, powerOfTwo } from "../base/checks.ts";
import { pageSize } from "../sys/memory/mapping.ts";
import { Doorbell } from "./doorbell.ts";
import { headSize, headWords, largestSize, Word } from "./layout.ts";
import { checkOwner, createAt, createInMemory, mapFile, openAgain, openFile, type RingFile } from "./ring-file.ts";
import { SharedConsumer } from "./shared-consumer.ts";
import type { SharedMemory } from "./shared-memory.ts";
import { SharedProducer } from "./shared-producer.ts";
import { Slots } from "./slots.ts";

/** How a shared ring is made. */
export interface SharedRingOptions {
  /** Where the file is to be; on a tmpfs such as `/dev/shm` it is memory only. Without a path it is a memfd, to be passed on by {@link SharedRing.fd}. */
  readonly path?: string | undefined;
  /** Bytes of data, a power of two from a page to 1 GiB; 1 MiB when left out. */
  readonly size?: number | undefined;
  /** Permissions of the file at `path`; 0o600 when left out. */
  readonly mode?: number | undefined;
}

/** How a shared ring is opened. */
export interface SharedRingOpenOptions {
  /** The file may be another user's, who can end this process by shortening it (SIGBUS); false when left out. */
  readonly trustOwner?: boolean | undefined;
}

/** Pages differ between hosts, and are asked for when one is made. */
const aSize: Check = (value, what) => powerOfTwo(pageSize(), largestSize)(value, what);
const checks: Checks<SharedRingOptions> = { path: aPath, size: aSize, mode: integer(0, 0o777) };
const openChecks: Checks<SharedRingOpenOptions> = { trustOwner: aBoolean };
const defaultSize = 2 ** 20;
const defaultMode = 0o600;

/**
 * A ring between processes, or threads, without any eBPF: many producers, one consumer, the records of eBPF's rings, in a file that
 * all of them map. Whoever is killed, at any instruction, harms nobody else. Linux only. docs/shared-ring.md tells the rest.
 */
export class SharedRing {
  readonly name: string;
  readonly #file: RingFile;
  readonly #memory: SharedMemory & { readonly ring: { open: boolean } };
  readonly #sides = new Set<SharedProducer | SharedConsumer>();

  private constructor(name: string, file: RingFile) {
    this.name = name;
    this.#file = file;
    this.#memory = memoryOf(name, file);
  }

  /** Makes a new ring; a file that exists is not touched (BUSY). */
  static create(options: SharedRingOptions = {}): SharedRing {
    checkOptions(options, checks, "SharedRing.create()");
    const { path, size = defaultSize, mode = defaultMode } = options;
    if (path === undefined) return new SharedRing("memfd", createInMemory(size, "a shared ring in memory"));
    return new SharedRing(path, createAt(path, size, mode, `shared ring ${path}`));
  }

  /**
   * Opens a ring that somebody made: by path, also `/proc/PID/fd/N`, or by the number of a descriptor that this process has
   * inherited, which stays the caller's. A file that is no ring, or claims what cannot be, is refused with BAD_RING;
   * so is a file of another user, unless that one is trusted.
   */
  static open(file: string | number, options: SharedRingOpenOptions = {}): SharedRing {
    checkOptions(options, openChecks, "SharedRing.open()");
    const what = `shared ring ${checkFile(file)}`;
    pageSize(); // Says so where this is not Linux.
    const descriptor = typeof file === "number" ? openAgain(file, what) : openFile(file, what);
    if (options.trustOwner !== true) checkOwner(descriptor, what);
    return new SharedRing(String(file), mapFile(descriptor, what));
  }

  /** For a child to inherit (an entry of `stdio`), or to be opened as `/proc/PID/fd/N`. Closed with the ring. */
  get fd(): number {
    return this.#file.descriptor.fd;
  }

  /** Bytes of data. */
  get size(): number {
    return this.#file.size;
  }

  /** A producer more: for this thread, one of at most 256 in all processes (BUSY beyond that). */
  producer(): SharedProducer {
    return this.#add((memory, descriptor, onClose) => new SharedProducer(memory, descriptor, onClose));
  }

  /** The consumer. BUSY when there is one, in this process or another. */
  consumer(): SharedConsumer {
    return this.#add((memory, descriptor, onClose) => new SharedConsumer(memory, descriptor, onClose));
  }

  /** Closes its producers and its consumer too. The file at a path stays. Idempotent. */
  close(): void {
    for (const side of this.#sides) side.close();
    this.#memory.ring.open = false;
    this.#file.descriptor.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Locks belong to a description of the file, so each side has one of its own. */
  #add<T extends SharedProducer | SharedConsumer>(
    make: (memory: SharedMemory, descriptor: RingFile["descriptor"], onClose: (side: T) => void) => T,
  ): T {
    const { descriptor } = this.#file;
    if (!descriptor.isOpen) throw new EbpfError("CLOSED", `Cannot use shared ring ${this.name}: it is closed`);
    const own = openAgain(descriptor.fd, `shared ring ${this.name}`);
    try {
      const side = make(this.#memory, own, (closed) => this.#sides.delete(closed));
      this.#sides.add(side);
      return side;
    } catch (error) {
      own.close();
      throw error;
    }
  }
}

function memoryOf(
  name: string,
  { memory, size, descriptor }: RingFile,
): SharedMemory & { readonly ring: { open: boolean } } {
  const page = pageSize();
  const words = new Int32Array(memory, 0, headWords);
  return {
    name,
    words,
    ring: {
      size,
      consumer: new BigUint64Array(memory, page, 1),
      producer: new BigUint64Array(memory, 2 * page, 1),
      data: new Uint8Array(memory, headSize(page), 2 * size),
      open: true,
    },
    slots: new Slots(name, words, descriptor.fd),
    dataBell: new Doorbell(words, Word.dataBell),
    roomBell: new Doorbell(words, Word.roomBell),
  };
}

function checkFile(file: string | number): string | number {
  const check = typeof file === "number" ? integer(0, 2 ** 31 - 1) : aPath;
  check(file, typeof file === "number" ? "The descriptor of SharedRing.open()" : "The file of SharedRing.open()");
  return file;
}
