import { EbpfError, SyscallError, tooManyFiles } from "../../base/errors.ts";
import { Errno, errnoName } from "../../uapi/errno.ts";
import { Fcntl, OpenFlag } from "../../uapi/uapi.gen.ts";
import { addressOf, errno, func } from "../ffi/libc.ts";
import { pinned } from "../ffi/pinned.ts";

/** A child of the calling thread. Whatever is not named here is as posix_spawn(3) has it: descriptors are inherited. */
export interface ChildRequest {
  readonly file: string;
  /** With `argv[0]`. */
  readonly argv: readonly string[];
  /** `NAME=value` */
  readonly env: readonly string[];
  /** A number is a descriptor to read from. */
  readonly stdin: "inherit" | "ignore" | number;
  readonly stdout: "inherit" | "ignore" | "stderr";
  /** One more descriptor that it gets, and the number that it has there. */
  readonly extra?: { readonly fd: number; readonly as: number } | undefined;
}

const FD_CLOEXEC = 1;
const POSIX_SPAWN_SETSIGDEF = 0x04;
const POSIX_SPAWN_SETSIGMASK = 0x08;

// Larger than any libc's posix_spawn_file_actions_t (80), posix_spawnattr_t (336) and sigset_t (128).
const opaqueSize = 512;

/** A pipe whose ends no child gets unless it is given them. */
export function makePipe(): { readonly readEnd: number; readonly writeEnd: number } {
  const ends = new Int32Array(2);
  if (func("int pipe2(size_t ends, int flags)")(addressOf(ends), OpenFlag.CLOEXEC) < 0) throw failed("pipe2", errno());
  return { readEnd: ends[0]!, writeEnd: ends[1]! };
}

const AF_UNIX = 1;
const SOCK_STREAM = 1;

/** Two sockets, each of which reads what is written to the other, and the end of it when that is closed. No child gets them by itself. */
export function makeSocketPair(): readonly [number, number] {
  const ends = new Int32Array(2);
  const call = func("int socketpair(int domain, int type, int protocol, size_t ends)");
  if (call(AF_UNIX, SOCK_STREAM | OpenFlag.CLOEXEC, 0, addressOf(ends)) < 0) throw failed("socketpair", errno());
  return [ends[0]!, ends[1]!];
}

/** Blocks until there is a byte; false when there will be none. */
export function awaitByte(fd: number): boolean {
  const byte = pinned(8);
  const read = func("long read(int fd, size_t buffer, size_t count)");
  for (;;) {
    const count = read(fd, byte.address, 1);
    if (count >= 0 || errno() !== Errno.EINTR) return count === 1;
  }
}

const MSG_NOSIGNAL = 0x4000;

/** Whether the other end reads it is not known. */
export function sendLine(fd: number): void {
  const line = pinned(8);
  line.bytes[0] = 0x0a;
  func("long send(int fd, size_t buffer, size_t count, int flags)")(fd, line.address, 1, MSG_NOSIGNAL);
}

/** Shells know descriptors of one digit: one that no child inherits so far, else the last. */
export function spareDigit(): number {
  const control = func("int fcntl(int fd, int command, int value)");
  const isSpare = (fd: number): boolean => (control(fd, Fcntl.GETFD, 0) & FD_CLOEXEC) !== 0; // -1 has the bit too
  return [9, 8, 7, 6, 5, 4, 3].find(isSpare) ?? 9;
}

/** A worker thread complains when the runtime closes what it has not opened. */
export function closeDescriptor(fd: number): void {
  func("int close(int fd)")(fd);
}

/**
 * Starts a child without Node's knowledge, so that only the calling thread waits for it. All signals are at their
 * defaults and none is blocked: Node's threads block some, and ignore SIGPIPE.
 */
export function spawnChild(options: ChildRequest): number {
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
 * Gives the child its three standard streams, and what it gets beside them. Node marks its own as not to be inherited, so each is handed on as a copy; the
 * copies are returned, to be closed once the child has them.
 */
function addFiles(actions: number, options: ChildRequest, copies: number[]): void {
  const dup = func("int posix_spawn_file_actions_adddup2(size_t actions, int from, int to)");
  const open = func("int posix_spawn_file_actions_addopen(size_t actions, int fd, str path, int flags, uint mode)");
  const hand = (from: number, to: number): void => {
    const copy = copyDescriptor(from);
    copies.push(copy);
    check("posix_spawn", dup(actions, copy, to));
  };
  if (options.stdin === "ignore") check("posix_spawn", open(actions, 0, "/dev/null", OpenFlag.RDONLY, 0));
  else hand(options.stdin === "inherit" ? 0 : options.stdin, 0);
  if (options.stdout === "ignore") check("posix_spawn", open(actions, 1, "/dev/null", OpenFlag.WRONLY, 0));
  else hand(options.stdout === "inherit" ? 1 : 2, 1);
  hand(2, 2);
  if (options.extra !== undefined) hand(options.extra.fd, options.extra.as);
}

/** The copy is above all that are handed on. Commands cannot live with a stream that Node made non-blocking, as child_process knows. */
function copyDescriptor(fd: number): number {
  const control = func("int fcntl(int fd, int command, int value)");
  const copy = control(fd, Fcntl.DUPFD_CLOEXEC, 10);
  if (copy < 0) throw failed("fcntl", errno());
  const flags = control(copy, Fcntl.GETFL, 0);
  if ((flags & OpenFlag.NONBLOCK) !== 0) control(copy, Fcntl.SETFL, flags & ~OpenFlag.NONBLOCK);
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
