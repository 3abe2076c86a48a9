import { EbpfError, SyscallError, tooManyFiles } from "../../base/errors.ts";
import { errnoName } from "../../uapi/errno.ts";
import { addressOf, errno, func } from "../ffi/libc.ts";
import { pinned } from "../ffi/pinned.ts";

/** A child of the calling thread. Whatever is not named here is as posix_spawn(3) has it: descriptors are inherited. */
export interface ChildOptions {
  readonly file: string;
  /** With `argv[0]`. */
  readonly argv: readonly string[];
  /** `NAME=value` */
  readonly env: readonly string[];
  /** A number is a descriptor to read from. */
  readonly stdin: "inherit" | "ignore" | number;
  readonly stdout: "inherit" | "ignore" | "stderr";
}

const O_RDONLY = 0;
const O_WRONLY = 1;
const O_NONBLOCK = 0o4000;
const O_CLOEXEC = 0o2000000;
const F_GETFL = 3;
const F_SETFL = 4;
const F_DUPFD_CLOEXEC = 1030;
const POSIX_SPAWN_SETSIGDEF = 0x04;
const POSIX_SPAWN_SETSIGMASK = 0x08;

// Larger than any libc's posix_spawn_file_actions_t (80), posix_spawnattr_t (336) and sigset_t (128).
const opaqueSize = 512;

/** A pipe whose ends no child gets unless it is given them. */
export function makePipe(): { readonly readEnd: number; readonly writeEnd: number } {
  const ends = new Int32Array(2);
  if (func("int pipe2(size_t ends, int flags)")(addressOf(ends), O_CLOEXEC) < 0) throw failed("pipe2", errno());
  return { readEnd: ends[0]!, writeEnd: ends[1]! };
}

/** A worker thread complains when the runtime closes what it has not opened. */
export function closeDescriptor(fd: number): void {
  func("int close(int fd)")(fd);
}

/**
 * Starts a child without Node's knowledge, so that only the calling thread waits for it. All signals are at their
 * defaults and none is blocked: Node's threads block some, and ignore SIGPIPE.
 */
export function spawnChild(options: ChildOptions): number {
  const actions = pinned(opaqueSize);
  const attributes = pinned(opaqueSize);
  const pid = pinned(8);
  const path = cString(options.file);
  const argv = stringVector(options.argv);
  const env = stringVector(options.env);
  const copies: number[] = [];
  check("posix_spawn_file_actions_init", func("int posix_spawn_file_actions_init(size_t actions)")(actions.address));
  check("posix_spawnattr_init", func("int posix_spawnattr_init(size_t attributes)")(attributes.address));
  try {
    addFiles(actions.address, options, copies);
    resetSignals(attributes.address);
    const spawn = func(
      "int posix_spawn(size_t pid, size_t path, size_t actions, size_t attributes, size_t argv, size_t env)",
    );
    const { address } = actions;
    check(
      "posix_spawn",
      spawn(
        pid.address,
        addressOf(path),
        address,
        attributes.address,
        addressOf(argv.pointers),
        addressOf(env.pointers),
      ),
    );
    return pid.view.getInt32(0, true);
  } finally {
    for (const copy of copies) closeDescriptor(copy);
    func("int posix_spawn_file_actions_destroy(size_t actions)")(actions.address);
    func("int posix_spawnattr_destroy(size_t attributes)")(attributes.address);
    keep(path, argv, env);
  }
}

/**
 * Gives the child its three standard streams. Node marks its own as not to be inherited, so each is handed on as a copy; the
 * copies are returned, to be closed once the child has them.
 */
function addFiles(actions: number, options: ChildOptions, copies: number[]): void {
  const dup = func("int posix_spawn_file_actions_adddup2(size_t actions, int from, int to)");
  const open = func("int posix_spawn_file_actions_addopen(size_t actions, int fd, str path, int flags, uint mode)");
  const hand = (from: number, to: number): void => {
    const copy = copyDescriptor(from);
    copies.push(copy);
    check("posix_spawn", dup(actions, copy, to));
  };
  if (options.stdin === "ignore") check("posix_spawn", open(actions, 0, "/dev/null", O_RDONLY, 0));
  else hand(options.stdin === "inherit" ? 0 : options.stdin, 0);
  if (options.stdout === "ignore") check("posix_spawn", open(actions, 1, "/dev/null", O_WRONLY, 0));
  else hand(options.stdout === "inherit" ? 1 : 2, 1);
  hand(2, 2);
}

/** The copy is above the standard ones. Commands cannot live with a stream that Node made non-blocking, as child_process knows. */
function copyDescriptor(fd: number): number {
  const control = func("int fcntl(int fd, int command, int value)");
  const copy = control(fd, F_DUPFD_CLOEXEC, 3);
  if (copy < 0) throw failed("fcntl", errno());
  const flags = control(copy, F_GETFL, 0);
  if ((flags & O_NONBLOCK) !== 0) control(copy, F_SETFL, flags & ~O_NONBLOCK);
  return copy;
}

function resetSignals(attributes: number): void {
  const all = pinned(opaqueSize);
  const none = pinned(opaqueSize);
  // Not sigfillset(3): it leaves out the two signals of glibc's own, which posix_spawn(3) then has ignored.
  all.bytes.fill(0xff);
  const flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK;
  check("posix_spawn", func("int posix_spawnattr_setflags(size_t attributes, short flags)")(attributes, flags));
  check(
    "posix_spawn",
    func("int posix_spawnattr_setsigdefault(size_t attributes, size_t set)")(attributes, all.address),
  );
  check("posix_spawn", func("int posix_spawnattr_setsigmask(size_t attributes, size_t set)")(attributes, none.address));
  keep(all, none);
}

/** What the call before used by its address is reachable until here. */
function keep(..._buffers: readonly unknown[]): void {}

function cString(text: string): Uint8Array {
  if (text.includes("\0"))
    throw new EbpfError("COMMAND", "Cannot start a command with a zero byte in its name, arguments or environment");
  return new TextEncoder().encode(`${text}\0`);
}

/** A `char *[]`, ended by NULL. The strings are to be kept as long as the pointers. */
function stringVector(texts: readonly string[]): {
  readonly pointers: BigUint64Array;
  readonly strings: readonly Uint8Array[];
} {
  const strings = texts.map(cString);
  const pointers = new BigUint64Array(texts.length + 1);
  for (const [index, string] of strings.entries()) pointers[index] = BigInt(addressOf(string));
  return { pointers, strings };
}

function check(call: string, error: number): void {
  if (error !== 0) throw failed(call, error < 0 ? errno() : error);
}

function failed(call: string, error: number): SyscallError {
  const name = errnoName(error);
  const shortage = tooManyFiles({ code: name }, "start a command");
  const message = shortage?.message ?? `Cannot start a command: ${call} failed with ${name}`;
  return new SyscallError(call, error, name, message, shortage?.code ?? "COMMAND");
}
