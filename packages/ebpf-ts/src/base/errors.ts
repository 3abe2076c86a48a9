/**
 * Every failure that is not a plain misuse of an argument (`TypeError`, `RangeError`) is an {@link EbpfError}.
 * `code` is stable and meant for programs; `message` is one sentence meant for people.
 */
export type EbpfErrorCode =
  | "BAD_OBJECT" // the ELF file is broken, or is not what it claims to be
  | "BAD_BTF" // the type information is broken
  | "BAD_INSTRUCTION" // an instruction cannot be decoded or run
  | "BAD_VALUE" // a value does not fit the type that it is to be written as
  | "BAD_RING" // the other side of a ring wrote something impossible
  | "BUSY" // it has one user at a time, and has one now
  | "CLOSED" // what is used was closed before
  | "COMMAND" // a command could not be started, or traced
  | "COMPILER" // the compiler is missing, too old, or refuses the source
  | "FAULT" // a program of the embedded engine went wrong while it ran
  | "NO_PRIVILEGE" // the host refuses for lack of a privilege
  | "NO_SPACE" // a ring or a map is full
  | "NOT_FOUND" // no map, program, type or file has that name
  | "NOT_SUPPORTED" // the host or the engine lacks a feature
  | "STALE" // an object is not the one that its module was generated from; what is attached to a place is not what it was when it was looked at
  | "SYSCALL" // any other failed system call
  | "TOO_BIG" // larger than the ring, map or buffer can ever hold
  | "TOO_MANY_FILES" // this process, or the system, has no file descriptor left; nothing was done, and it can be tried again
  | "VERIFIER" // the kernel's verifier refused a program
  | "WORKER"; // a worker thread died, or cannot be started

/** What an error of the library takes beside its message. */
export interface EbpfErrorOptions {
  /** What was thrown below. */
  readonly cause?: unknown;
}

/** The base of all errors of this library. */
export class EbpfError extends Error {
  override name = "EbpfError";
  readonly code: EbpfErrorCode;

  constructor(code: EbpfErrorCode, message: string, options: EbpfErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
  }
}

/** The host, or the engine, lacks what was asked for. */
export class NotSupportedError extends EbpfError {
  override name = "NotSupportedError";
  readonly feature: string;
  /** The first Linux version that has the feature, where one has. */
  readonly minimumVersion: string | undefined;

  constructor(feature: string, message: string, minimumVersion?: string, options?: EbpfErrorOptions) {
    super("NOT_SUPPORTED", message, options);
    this.feature = feature;
    this.minimumVersion = minimumVersion;
  }
}

/** What a value was meant for: the map and the key, the variable, or the program. `index` is of a list of entries that was given. */
export interface ValuePlace {
  readonly map?: string | undefined;
  readonly key?: unknown;
  readonly index?: number | undefined;
  readonly variable?: string | undefined;
  /** Of the context of a run by hand. */
  readonly program?: string | undefined;
}

/** A value that does not fit (BAD_VALUE), and what it was meant for. */
export class ValueError extends EbpfError {
  override name = "ValueError";
  readonly place: ValuePlace;

  /** `cannot` is what could not be done: "Cannot set key 5 of map flows". */
  constructor(cannot: string, place: ValuePlace, cause: EbpfError) {
    super("BAD_VALUE", `${cannot}: ${cause.message.replace(/^Cannot encode /, "")}`, { cause });
    this.place = place;
  }
}

/** A system call failed. `errno` is positive; `errnoName` is its name, such as `EPERM`. */
export class SyscallError extends EbpfError {
  override name = "SyscallError";
  readonly call: string;
  readonly errno: number;
  readonly errnoName: string;

  constructor(call: string, errno: number, errnoName: string, message: string, code: EbpfErrorCode = "SYSCALL") {
    super(code, message);
    this.call = call;
    this.errno = errno;
    this.errnoName = errnoName;
  }
}

/** The compiler refused a source. The message has its first error; `diagnostics` is all that it said, in the colours that were asked for. */
export class CompileError extends EbpfError {
  override name = "CompileError";
  readonly diagnostics: string;
  /** That the compiler ended with. */
  readonly exitCode: number;
  /** The files that the diagnostics name: one of them is to be changed. */
  readonly files: readonly string[];
  /** What they mean for an eBPF program, and what to do: a sentence each; often none. */
  readonly hints: readonly string[];

  constructor(
    message: string,
    exitCode: number,
    diagnostics: string,
    files: readonly string[] = [],
    hints: readonly string[] = [],
  ) {
    super("COMPILER", [message, ...hints].join("; "));
    this.hints = hints;
    this.exitCode = exitCode;
    this.diagnostics = diagnostics;
    this.files = files;
  }
}

/** A process could not give up all that it was to, and what it has given up is gone: it should end. */
export class LockDownError extends EbpfError {
  override name = "LockDownError";
  /** The steps that were taken before, in their order. */
  readonly done: readonly string[];

  constructor(code: EbpfErrorCode, message: string, done: readonly string[], options?: EbpfErrorOptions) {
    super(code, message, options);
    this.done = done;
  }
}

/** The kernel's verifier refused a program. The first line of the message is a summary; `log` is all it said. */
export class VerifierError extends EbpfError {
  override name = "VerifierError";
  readonly program: string;
  readonly errno: number;
  readonly log: string;

  constructor(program: string, errno: number, summary: string, log: string) {
    super("VERIFIER", summary);
    this.program = program;
    this.errno = errno;
    this.log = log;
  }
}

/** A program of the embedded engine was ended: a memory fault, an exhausted budget, a helper that was called wrongly. */
export class ProgramFault extends EbpfError {
  override name = "ProgramFault";
  readonly program: string;
  /** Slot of the instruction in the assembled program; -1 when unknown. */
  readonly instruction: number;
  /** `file:line: source text` of the C line, where the object's line info has it. */
  readonly source: string | undefined;

  constructor(program: string, instruction: number, source: string | undefined, message: string) {
    super("FAULT", message);
    this.program = program;
    this.instruction = instruction;
    this.source = source;
  }
}

const shortages: Readonly<Record<string, string>> = {
  EMFILE: "this process has too many open files",
  ENFILE: "the system has too many open files",
};

/** For what the host throws: undefined unless it has no file descriptor left. `action` follows "Cannot". */
export function tooManyFiles(cause: unknown, action: string): EbpfError | undefined {
  const { code, message } = (cause ?? {}) as { readonly code?: unknown; readonly message?: unknown };
  const name = Object.keys(shortages).find((each) => code === each || saysSo(code, message, each));
  if (name === undefined) return undefined;
  return new EbpfError("TOO_MANY_FILES", `Cannot ${action}: ${shortages[name]} (${name})`, { cause });
}

/** A thread that cannot be started says why in its message only. */
function saysSo(code: unknown, message: unknown, name: string): boolean {
  return code === "ERR_WORKER_INIT_FAILED" && String(message).endsWith(name);
}

/** Of values that are sent in their order: which one could not be, as those before it were. What else went wrong is left as it is. */
export function sayWhichValue(error: unknown, index: number): void {
  if (!(error instanceof EbpfError) || (error.code !== "BAD_VALUE" && error.code !== "TOO_BIG")) return;
  reword(error, `${error.message} (number ${index} of those given; those before it are sent)`);
}

/** Which of many it was, counted from 0, for errors; nothing where there was one alone. */
export function numberOf(index: number | undefined): string {
  return index === undefined ? "" : ` (number ${index} of those given)`;
}

/** Gives an error another message, also where it is printed: the stack begins with the one that it was made with. */
export function reword(error: Error, message: string): void {
  const { stack, message: before } = error;
  error.message = message;
  if (stack?.includes(before) === true) error.stack = stack.replace(before, () => message);
}
