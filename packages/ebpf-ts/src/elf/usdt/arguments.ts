import { NotSupportedError } from "../../base/errors.ts";

/** Where an argument of a probe lies, and how wide it is. Registers have the names of the kernel's `struct pt_regs`: `ax`, `x0`, `sp`. */
export type UsdtArgument = UsdtWidth &
  (
    | { readonly in: "constant"; readonly value: bigint }
    | { readonly in: "register"; readonly register: string }
    /** At what the register holds, and so many bytes on. */
    | { readonly in: "memory"; readonly register: string; readonly offset: bigint }
    /** The same, and the index times 1, 2, 4 or 8 on. */
    | {
        readonly in: "element";
        readonly register: string;
        readonly offset: bigint;
        readonly index: string;
        readonly scale: number;
      }
  );

interface UsdtWidth {
  /** Bytes: 1, 2, 4 or 8. */
  readonly size: number;
  readonly signed: boolean;
}

/** EM_* */
const X86_64 = 62;
const AARCH64 = 183;

type Groups = Readonly<Record<string, string | undefined>>;

/** One that stands next; `width` before the sign, `rest` behind it. */
interface Syntax {
  readonly pattern: RegExp;
  register(name: string): string | undefined;
}

const integer = String.raw`[-+]?(?:0x[\da-fA-F]+|\d+)`;

/** `-4@%edi`, `8@-8(%rbp)`, `4@(%rax,%rdx,4)`, `-4@$5`. */
const x86: Syntax = {
  pattern: new RegExp(
    String.raw`^(?<width>[^\s@]+)@(?:\$(?<value>${integer})|%(?<register>\w+)|(?<offset>${integer})?\(%(?<base>\w+)(?:,%(?<index>\w+)(?:,(?<scale>[1248]))?)?\))(?=\s|$)`,
  ),
  register: x86Register,
};

/** `-4@x0`, `8@[sp, 16]`, `-4@5`. */
const arm: Syntax = {
  pattern: new RegExp(
    String.raw`^(?<width>[^\s@]+)@(?:(?<value>${integer})|(?<register>[a-z]\w*)|\[(?<base>\w+)(?:,\s*(?<offset>${integer}))?\])(?=\s|$)`,
  ),
  register: armRegister,
};

/** Programs can ask for so many (BPF_USDT_MAX_ARG_CNT). */
export const mostArguments = 12;

/** The arguments that a note says, on a machine (EM_*). Throws NOT_SUPPORTED for what no program could read. */
export function parseUsdtArguments(text: string, machine: number): UsdtArgument[] {
  const syntax = machine === X86_64 ? x86 : machine === AARCH64 ? arm : undefined;
  const all: UsdtArgument[] = [];
  for (let rest = text.trim(); rest !== ""; rest = rest.trimStart()) {
    const match = syntax?.pattern.exec(rest) ?? undefined;
    const argument = match && argumentOf(match.groups as Groups, syntax!);
    if (match === undefined || argument === undefined) throw notRead(rest, all.length);
    all.push(argument);
    rest = rest.slice(match[0].length);
    if (all.length > mostArguments)
      throw new NotSupportedError("usdt arguments", `The probe has more than ${mostArguments} arguments`);
  }
  return all;
}

function argumentOf(groups: Groups, syntax: Syntax): UsdtArgument | undefined {
  const width = /^(-?)([1248])$/.exec(groups["width"] ?? "");
  if (width === null) return undefined;
  const sized = { size: Number(width[2]), signed: width[1] === "-" };
  const { value, offset = "0" } = groups;
  if (value !== undefined) return { ...sized, in: "constant", value: integerOf(value) };
  const register = syntax.register(groups["register"] ?? groups["base"] ?? "");
  if (register === undefined) return undefined;
  if (groups["register"] !== undefined) return { ...sized, in: "register", register };
  if (groups["index"] === undefined) return { ...sized, in: "memory", register, offset: integerOf(offset) };
  const index = syntax.register(groups["index"]);
  if (index === undefined) return undefined;
  return { ...sized, in: "element", register, offset: integerOf(offset), index, scale: Number(groups["scale"] ?? 1) };
}

function integerOf(text: string): bigint {
  const value = BigInt(text.replace(/^[-+]/, ""));
  return text.startsWith("-") ? -value : value;
}

function notRead(rest: string, number: number): NotSupportedError {
  const text = rest.split(/\s(?=[^\s@]*@)/, 1)[0]!.slice(0, 64);
  const why = /^[^@]*f@|@%?[xyz]mm|@[vdsq]\d/.test(text)
    ? "programs cannot read floating-point registers"
    : "no program could read that";
  return new NotSupportedError(
    "usdt arguments",
    `Argument ${number} of the probe is at ${JSON.stringify(text)}: ${why}`,
  );
}

/** Bytes of each, from all to the lowest: rax, eax, ax, al. */
const x86Names: Readonly<Record<string, readonly string[]>> = {
  ip: ["rip", "eip"],
  sp: ["rsp", "esp", "sp", "spl"],
  bp: ["rbp", "ebp", "bp", "bpl"],
  si: ["rsi", "esi", "si", "sil"],
  di: ["rdi", "edi", "di", "dil"],
  ax: ["rax", "eax", "ax", "al"],
  bx: ["rbx", "ebx", "bx", "bl"],
  cx: ["rcx", "ecx", "cx", "cl"],
  dx: ["rdx", "edx", "dx", "dl"],
};

function x86Register(name: string): string | undefined {
  const numbered = /^(r(?:8|9|1[0-5]))[dwb]?$/.exec(name);
  if (numbered !== null) return numbered[1];
  return Object.keys(x86Names).find((own) => x86Names[own]!.includes(name));
}

function armRegister(name: string): string | undefined {
  if (name === "sp") return "sp";
  const number = /^[xw](\d|[12]\d|30)$/.exec(name)?.[1];
  return number === undefined ? undefined : `x${number}`;
}
