import { EbpfError } from "../../base/errors.ts";
import type { ByteView } from "../../bytes/byte-view.ts";
import { badExecutable, Executable } from "../executable/executable.ts";
import type { PartialFile } from "../executable/partial-file.ts";
import { nearName } from "../../base/near-name.ts";

const HEADER = 12;
const ADDRESSES = 24;
const NT_STAPSDT = 3;

/** A probe that a program defines itself (USDT), at one of its places: a note of SystemTap's format, in `.note.stapsdt`. */
export interface UsdtNote {
  readonly provider: string;
  readonly name: string;
  /** Where each argument lies: `-4@%edi 8@-8(%rbp)`. */
  readonly args: string;
  /** Of the instruction, as the file counts them. */
  readonly address: number;
  /** Of a counter of 16 bits that says whether somebody looks; 0 for none. */
  readonly semaphore: number;
}

/** One place of a probe, as the kernel is told it: bytes from the start of the file. */
export interface UsdtPlace {
  readonly args: string;
  readonly offset: number;
  /** 0 for none. */
  readonly semaphoreOffset: number;
  /** In every process; undefined where the file is loaded anywhere. */
  readonly address: number | undefined;
}

export interface UsdtProbe {
  /** EM_* */
  readonly machine: number;
  readonly places: readonly UsdtPlace[];
}

/** All places of a probe: at least one. Throws BAD_OBJECT for a broken file, NOT_FOUND where it has no such probe. */
export function findUsdt(file: PartialFile, provider: string, name: string): UsdtProbe {
  const executable = new Executable(file);
  const notes = usdtNotes(executable);
  const places = notes
    .filter((note) => note.provider === provider && note.name === name)
    .map((note) => placeOf(executable, note));
  if (places.length > 0) return { machine: executable.machine, places };
  const known = [...new Set(notes.map((note) => `${note.provider}:${note.name}`))];
  const near =
    nearName(`${provider}:${name}`, known.slice(0, mostCompared)) ?? known.find((each) => each.endsWith(`:${name}`));
  const hint =
    known.length === 0
      ? "it has no probes of its own (.note.stapsdt), was it compiled with <sys/sdt.h>?"
      : near === undefined
        ? `it has ${known.slice(0, mostTold).join(", ")}${known.length > mostTold ? " and others" : ""}`
        : `did you mean ${near}?`;
  throw new EbpfError("NOT_FOUND", `Cannot find probe ${provider}:${name} in the executable: ${hint}`);
}

const mostTold = 8;
const mostCompared = 10_000;

/** All notes of probes, in the order of the file. */
export function usdtNotes(executable: Executable): UsdtNote[] {
  const section = executable.sectionNamed((name) => name === ".note.stapsdt");
  if (section === undefined) return [];
  const base = executable.sectionNamed((name) => name === ".stapsdt.base")?.address;
  const view = executable.contents(section, "its notes of probes (.note.stapsdt)");
  const notes: UsdtNote[] = [];
  for (let at = 0; at + HEADER <= view.length;) {
    const [nameSize, size, type] = [view.u32(at), view.u32(at + 4), view.u32(at + 8)];
    const description = at + HEADER + aligned(nameSize);
    if (type === NT_STAPSDT && isSystemTap(view, at + HEADER, nameSize))
      notes.push(readNote(view, description, size, base));
    at = description + aligned(size);
  }
  return notes;
}

function aligned(size: number): number {
  return Math.ceil(size / 4) * 4;
}

function isSystemTap(view: ByteView, at: number, size: number): boolean {
  return size === 8 && view.cString(at, at + size) === "stapsdt";
}

/** `base` is where `.stapsdt.base` lies now: a linker that moved it (prelink) moved what the note says as well. */
function readNote(view: ByteView, at: number, size: number, base: number | undefined): UsdtNote {
  if (size < ADDRESSES + 3) throw badExecutable("The executable is broken: a note of a probe is too short");
  const end = at + size;
  const provider = view.cString(at + ADDRESSES, end);
  const nameAt = at + ADDRESSES + byteLength(provider) + 1;
  const name = view.cString(nameAt, end);
  const args = view.cString(nameAt + byteLength(name) + 1, end);
  const before = view.u64Number(at + 8);
  const moved = base === undefined || before === 0 ? 0 : base - before;
  const semaphore = view.u64Number(at + 16);
  return {
    provider,
    name,
    args,
    address: view.u64Number(at) + moved,
    semaphore: semaphore === 0 ? 0 : semaphore + moved,
  };
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}

function placeOf(executable: Executable, { provider, name, args, address, semaphore }: UsdtNote): UsdtPlace {
  const broken = (what: string, where: number): EbpfError =>
    badExecutable(
      `The executable is broken: ${what} of probe ${provider}:${name} lies at 0x${where.toString(16)}, where none is loaded`,
    );
  const offset = executable.codeOffset(address);
  if (offset === undefined) throw broken("the code", address);
  const semaphoreOffset = semaphore === 0 ? 0 : executable.dataOffset(semaphore);
  if (semaphoreOffset === undefined) throw broken("the semaphore", semaphore);
  return { args, offset, semaphoreOffset, address: executable.relocatable ? undefined : address };
}
