import { aString } from "../../../base/checks.ts";
import { readVerdict } from "./verdict.ts";

/** One instruction on the way that the verifier took to where it refused a program. */
export interface VerifierStep {
  /** Slot of the instruction in the program as it was loaded. */
  readonly slot: number;
  /** As the verifier prints it: `(79) r0 = *(u64 *)(r0 +0)`. */
  readonly instruction: string;
  /** The C line that it is of, as the verifier prints it; undefined where that is not known. */
  readonly source: string | undefined;
  /** The branch by which the verifier came here, of another instruction than the one before. */
  readonly cameFrom: number | undefined;
  /** What the verifier knew before it, of registers (`R1`) and stack slots (`fp-8`), by their names: `scalar(umin=1)`. */
  readonly before: ReadonlyMap<string, string>;
  /** What it learned from the instruction (Linux 5.18 tells it in the same line). */
  readonly learned: ReadonlyMap<string, string>;
}

/** What a log of the verifier says of the way to where it refused a program. */
export interface VerifierPath {
  /** The line that says why; empty where there is none. */
  readonly reason: string;
  /** The last of them is the instruction that it refused. Empty where the log shows none. */
  readonly steps: readonly VerifierStep[];
  /** Steps before these, which are left out. */
  readonly left: number;
}

/** Steps that are kept: a log may have a million. */
const mostSteps = 1000;

/**
 * Reads the log of a program that was refused (`VerifierError.log`, log level 1). Any text is read: what is no line of a verifier counts for
 * nothing.
 */
export function readVerifierPath(log: string): VerifierPath {
  aString(log, "The log of readVerifierPath()");
  const { reason } = readVerdict(log);
  const reader = new LogReader();
  for (const line of log.split("\n")) {
    reader.read(line);
    if (line.trim() === reason && reason !== "") reader.onReason();
  }
  return { reason, ...reader.result() };
}

class LogReader {
  #steps: VerifierStep[] = [];
  #left = 0;
  #source: string | undefined;
  #cameFrom: number | undefined;
  #state = new Map<string, string>();
  /** How many steps there were when the reason was read last. */
  #end: number | undefined;

  read(line: string): void {
    if (line.startsWith("; ")) this.#source = line.slice(2).trim();
    else if (line.startsWith("from ")) this.#onJump(line);
    else if (/^\d/.test(line)) this.#onNumbered(line);
    else if (/^(?:frame\d+: )?R\d/.test(line)) this.#setState(line);
  }

  onReason(): void {
    this.#end = this.#steps.length;
  }

  result(): Omit<VerifierPath, "reason"> {
    return { steps: this.#steps.slice(0, this.#end), left: this.#left };
  }

  /** `from 3 to 7: R0=0 R10=fp0` */
  #onJump(line: string): void {
    const [, from] = /^from (\d{1,9}) to \d{1,9}:/.exec(line) ?? [];
    if (from === undefined) return;
    this.#cameFrom = Number(from);
    this.#setState(line.slice(line.indexOf(":") + 1));
  }

  /** `7: (b7) r0 = 0    ; R0_w=0`, `7: R0=1 R10=fp0`, or, before Linux 5.18, `7: R0=1; (b7) r0 = 0`. */
  #onNumbered(line: string): void {
    const colon = line.indexOf(": ");
    const slot = Number(line.slice(0, colon));
    if (colon < 1 || !Number.isSafeInteger(slot)) return;
    const rest = line.slice(colon + 2).trim();
    const code = /(?:^|; )\([\da-f]{2}\) /.exec(rest);
    if (code === null) {
      this.#setState(rest);
      return;
    }
    const start = rest.indexOf("(", code.index);
    if (start > 0) this.#setState(rest.slice(0, start));
    this.#addStep(slot, rest.slice(start));
  }

  #addStep(slot: number, text: string): void {
    const comment = /;\s+(?=(?:frame\d+: )?R\d|fp-\d|\d+: R\d)/.exec(text);
    const instruction = (comment === null ? text : text.slice(0, comment.index)).trimEnd();
    const learned = comment === null ? new Map<string, string>() : valuesIn(text.slice(comment.index));
    const before = new Map(this.#state);
    this.#steps.push({ slot, instruction, source: this.#source, cameFrom: this.#cameFrom, before, learned });
    for (const [name, value] of learned) this.#state.set(name, value);
    this.#cameFrom = undefined;
    if (this.#steps.length < 2 * mostSteps) return;
    this.#left += mostSteps;
    this.#steps = this.#steps.slice(mostSteps);
  }

  #setState(text: string): void {
    const values = valuesIn(text);
    if (values.size > 0) this.#state = values;
  }
}

/** Registers and slots of the stack; a log of somebody else's may name as many as it likes. */
const mostValues = 256;
/** Letters; what the verifier says of all registers and slots takes some thousand. */
const longestState = 65_536;
const names = /(?:^|[\s;:])(R\d{1,2}|fp-\d{1,4})(?:_[a-zA-Z]{1,4})?=/g;

/** `R1_w=scalar(id=1,umin=3) R10=fp0 fp-8=mmmmmmmm` */
function valuesIn(text: string): Map<string, string> {
  const values = new Map<string, string>();
  const found = [...text.slice(0, longestState).matchAll(names)];
  for (const [index, match] of found.slice(0, mostValues).entries()) {
    const start = match.index + match[0].length;
    const value = text.slice(start, found[index + 1]?.index).replace(/[\s;]+$/, "");
    values.set(match[1]!, value);
  }
  return values;
}
