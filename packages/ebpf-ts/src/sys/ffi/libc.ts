import { EbpfError, NotSupportedError, tooManyFiles } from "../../base/errors.ts";
import { guardExit, uninterrupted } from "../../host/exit-gate.ts";
import { missingPermission } from "../../host/refusal.ts";
import { architecture, platform } from "../../host/this-process.ts";
import { type Koffi, loadKoffi } from "./load-koffi.ts";

type Library = ReturnType<Koffi["load"]>;

/** A C function. Pointers go in as addresses (see {@link addressOf}), 64-bit results come as a number where they fit. */
export interface NativeFunction {
  (...args: readonly (number | bigint | string | null)[]): number;
  /** Runs on a thread of a pool; {@link errno} is right inside the callback. */
  async(...args: readonly unknown[]): void;
}

guardExit();

const names: readonly string[] = [
  "libc.so.6", // glibc
  `libc.musl-${architecture === "arm64" ? "aarch64" : "x86_64"}.so.1`,
  "libc.so", // other musl systems; with glibc a text file for the linker, and never reached
];

let koffi: Koffi | undefined;
let library: Library | undefined;
const functions = new Map<string, NativeFunction>();

/** Both koffi and libc are loaded when first needed, so that the library can be imported on any system. */
function ffi(): Koffi {
  if (koffi !== undefined) return koffi;
  if (platform !== "linux" || (architecture !== "x64" && architecture !== "arm64")) {
    throw new NotSupportedError(
      "linux",
      `Cannot use the kernel: it takes Linux on x64 or arm64, this is ${platform} on ${architecture}`,
    );
  }
  try {
    koffi = uninterrupted(loadKoffi);
  } catch (cause) {
    const shortage = tooManyFiles(cause, "call the system");
    if (shortage !== undefined) throw shortage;
    const why = missingPermission(cause) ?? "the package koffi cannot be loaded";
    throw new NotSupportedError("ffi", `Cannot call the system: ${why}`, undefined, { cause });
  }
  return koffi;
}

function libc(): Library {
  if (library !== undefined) return library;
  const loader = ffi();
  let cause: unknown;
  for (const name of names) {
    try {
      library = uninterrupted(() => loader.load(name));
      return library;
    } catch (error) {
      cause ??= error;
    }
  }
  throw new NotSupportedError("libc", `Cannot call the system: none of ${names.join(", ")} can be loaded`, undefined, {
    cause,
  });
}

/** A function of libc by its C declaration, such as `int close(int fd)`. Made once. */
export function func(definition: string): NativeFunction {
  let found = functions.get(definition);
  if (found === undefined) {
    const from = libc();
    found = uninterrupted(() => from.func(definition) as unknown as NativeFunction);
    functions.set(definition, found);
  }
  return found;
}

/**
 * Something that C calls: `declaration` is its prototype, best without a name. What it throws comes out of a later call of the system, so it throws
 * nothing. Undefined where koffi has no room for another (8,192 in a process).
 */
export function callback(declaration: string, call: (...args: readonly number[]) => void): bigint | undefined {
  const loaded = ffi();
  try {
    return uninterrupted(() => loaded.register(call, loaded.pointer(loaded.proto(declaration))));
  } catch {
    return undefined;
  }
}

/** Functions of the runtime itself, by their C declarations; undefined where it lacks one of them. */
export function ownFunctions<Name extends string>(
  declarations: Readonly<Record<Name, string>>,
): Readonly<Record<Name, NativeFunction>> | undefined {
  const loader = ffi();
  try {
    return uninterrupted(() => {
      const own = loader.load(null);
      const found = Object.entries<string>(declarations).map(([name, declaration]) => [name, own.func(declaration)]);
      return Object.fromEntries(found) as Record<Name, NativeFunction>;
    });
  } catch {
    return undefined;
  }
}

/** The errno of this thread's last call: ask at once, the next call changes it. */
export function errno(): number {
  return ffi().errno();
}

/**
 * Where a buffer stands in memory; 0 for an empty one. Asking for `.buffer` first moves small typed arrays off the JavaScript heap, where
 * they could be moved. The caller keeps the buffer reachable until the call that uses the address has returned.
 */
export function addressOf(buffer: ArrayBuffer | ArrayBufferView): number {
  // Some runtimes have a place for what is empty; to the kernel it is a key, or a value, where there must be none (EINVAL).
  if (buffer.byteLength === 0) return 0;
  if (!ArrayBuffer.isView(buffer)) return place(buffer);
  const memory = buffer.buffer;
  if (!(memory instanceof ArrayBuffer)) {
    throw new EbpfError("NOT_SUPPORTED", "Cannot hand shared memory to the system: copy it first");
  }
  return place(memory) + buffer.byteOffset;
}

/**
 * The same for words that threads of ours share with each other. Their memory is there as long as any thread can reach it, even where the one
 * that made it was ended.
 */
export function addressOfShared(words: Int32Array): number {
  // koffi takes a view of shared memory for one, though not the memory itself.
  return place(words);
}

function place(memory: ArrayBuffer | ArrayBufferView): number {
  const loaded = ffi();
  return Number(uninterrupted(() => loaded.address(memory)));
}

/** An ArrayBuffer over memory that is not ours. Only `reserve.ts` may, since it knows how long the memory lives. */
export function viewOf(address: number, length: number): ArrayBuffer {
  const loaded = ffi();
  return uninterrupted(() => loaded.view(BigInt(address), length));
}
