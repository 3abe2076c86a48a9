import { EbpfError } from "../base/errors.ts";
import { addName, openNamed, removeName } from "../host/named-files.ts";
import { closeFile, fileSize, isRegular, ownerOf, readAt, setMode } from "../host/open-files.ts";
import { effectiveUid, uniqueName } from "../host/this-process.ts";
import { Descriptor } from "../sys/ffi/descriptor.ts";
import { pageSize } from "../sys/memory/mapping.ts";
import { allocate, createMemoryFile, sealSize, setLength } from "../sys/memory/memory-file.ts";
import { mapRingFile } from "../sys/memory/ring-mapping.ts";
import { checkCall, fromFs } from "./file-error.ts";
import { headSize, headWords, readHead, writeHead } from "./layout.ts";

/** A file of a ring that was checked, and is mapped. */
export interface RingFile {
  readonly descriptor: Descriptor;
  /** head | data | data */
  readonly memory: ArrayBuffer;
  readonly size: number;
}

/** Opened by the runtime, so that a worker thread that is terminated closes it, and lets go of its locks. */
export function openAgain(fd: number, what: string): Descriptor {
  return openFile(`/proc/self/fd/${fd}`, what);
}

export function openFile(path: string, what: string): Descriptor {
  return fromFs(`open ${what}`, "open", () => new Descriptor(openNamed(path, "read-write"), what, closeFile));
}

/** A file without a path, whose size can never change. */
export function createInMemory(size: number, what: string): RingFile {
  const action = `create ${what}`;
  const memoryFile = new Descriptor(checkCall(createMemoryFile("ebpf-ts ring"), action, "memfd_create"), what);
  try {
    fill(memoryFile.fd, size, action);
    checkCall(sealSize(memoryFile.fd), action, "fcntl");
    return mapFile(openAgain(memoryFile.fd, what), what);
  } finally {
    memoryFile.close();
  }
}

/** The path exists once the ring is whole: it is made beside it under another name. */
export function createAt(path: string, size: number, mode: number, what: string): RingFile {
  const action = `create ${what}`;
  const draft = `${path}.${uniqueName()}`;
  const opened = fromFs(action, "open", () => openNamed(draft, "new", mode));
  const descriptor = new Descriptor(opened, what, closeFile);
  try {
    // As asked for, whatever the umask.
    fromFs(action, "fchmod", () => setMode(descriptor.fd, mode));
    fill(descriptor.fd, size, action);
    fromFs(action, "link", () => addName(draft, path));
    return mapFile(descriptor, what);
  } catch (error) {
    descriptor.close();
    throw error;
  } finally {
    fromFs(action, "unlink", () => removeName(draft));
  }
}

/** Whoever has the file can shorten it, which ends those who have it mapped (SIGBUS). Takes the descriptor over, as {@link mapFile}. */
export function checkOwner(descriptor: Descriptor, what: string): void {
  const own = effectiveUid();
  try {
    const owner = fromFs(`open ${what}`, "fstat", () => ownerOf(descriptor.fd));
    if (owner === own) return;
    const whose = `it belongs to user ${owner}, and this process is of user ${own}`;
    throw new EbpfError("BAD_RING", `Cannot open ${what}: ${whose}; where that one is trusted, set trustOwner`);
  } catch (error) {
    descriptor.close();
    throw error;
  }
}

function fill(fd: number, size: number, action: string): void {
  const page = pageSize();
  const length = headSize(page) + size;
  checkCall(setLength(fd, length), action, "ftruncate");
  checkCall(allocate(fd, length), action, "posix_fallocate");
  const memory = checkMapped(mapRingFile(fd, headSize(page), size), action);
  writeHead(new Int32Array(memory, 0, headWords), size, page);
}

/** Takes the descriptor over: it is closed when the file is refused. */
export function mapFile(descriptor: Descriptor, what: string): RingFile {
  try {
    const page = pageSize();
    const size = checkFile(descriptor.fd, page, what);
    const action = `open ${what}`;
    // A file with holes would fault when its file system is full.
    checkCall(allocate(descriptor.fd, headSize(page) + size), action, "posix_fallocate");
    const memory = checkMapped(mapRingFile(descriptor.fd, headSize(page), size), action);
    return { descriptor, memory, size };
  } catch (error) {
    descriptor.close();
    throw error;
  }
}

function checkFile(fd: number, page: number, what: string): number {
  const action = `open ${what}`;
  if (!fromFs(action, "fstat", () => isRegular(fd)))
    throw new EbpfError("BAD_RING", `Cannot open ${what}: it is no file`);
  const words = new Int32Array(headWords);
  fromFs(action, "read", () => readAt(fd, new Uint8Array(words.buffer), 0));
  return readHead(
    words,
    fromFs(action, "fstat", () => fileSize(fd)),
    page,
    what,
  );
}

function checkMapped(memory: ArrayBuffer | number, action: string): ArrayBuffer {
  if (typeof memory !== "number") return memory;
  checkCall(memory, action, "mmap");
  throw new Error("mmap gave neither memory nor an error");
}
