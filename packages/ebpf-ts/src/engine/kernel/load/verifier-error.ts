import { poisonHelper } from "../../../btf/core/poison-helper.ts";
import type { LineInfo } from "../../../btf/types.ts";
import type { AssembledProgram } from "../../../spec/types.ts";
import { callThroughRegister } from "../../../insn/advice.ts";
import { VerifierError } from "../../../base/errors.ts";
import { isPoisonedCall } from "./externs/kernel-externs.ts";
import type { EbpfError } from "../../../base/errors.ts";
import { helperSince } from "../../../kinds/helper-since.ts";
import { HelperId } from "../../../uapi/uapi.gen.ts";
import { errnoName } from "../../../uapi/errno.ts";
import { missingOf } from "../privilege.ts";
import { isMissingMap } from "./resolve-references.ts";
import { readVerdict, type Verdict } from "./verdict.ts";

/** The error for a program that the verifier refused. Its first line says which program, which C line, and why. */
export function verifierError(program: AssembledProgram, license: string, errno: number, log: string): EbpfError {
  const verdict = readVerdict(log);
  const line = lineOf(program, verdict);
  const where = line === undefined ? "" : ` at ${line.file}:${line.line}`;
  const source = line === undefined || line.text.trim() === "" ? "" : ` \`${line.text.trim()}\``;
  const why = explain(verdict, program, license) ?? said(verdict);
  const strict = missingOf(["CAP_PERFMON"]).length === 0 ? "" : ", and it is stricter as CAP_PERFMON is missing";
  const summary = `Cannot load program ${program.name}: refused by the verifier${where}${source}: ${why} (${errnoName(errno)}${strict})`;
  return new VerifierError(program.name, errno, summary, log);
}

function said({ reason, advice }: Verdict): string {
  return [reason || "the verifier gave no reason", ...(advice === undefined ? [] : [advice.replace(/\.$/, "")])].join(
    ": ",
  );
}

/** What to do, for the reasons that have one answer. */
function explain(verdict: Verdict, { references, absent }: AssembledProgram, license: string): string | undefined {
  const helper = /call (\S+?)#\d+/.exec(verdict.instruction)?.[1] ?? "this helper";
  if (/GPL-restricted function/.test(verdict.reason)) {
    return `${helper} is for programs with a GPL-compatible licence, and this one's is "${license}": say char LICENSE[] SEC("license") = "GPL"`;
  }
  const unknown = /invalid func \S*?#?(\d+)$/.exec(verdict.reason)?.[1];
  if (Number(unknown) === poisonHelper) {
    const part = absent.find(({ slot }) => slot === verdict.slot)?.part;
    if (part === undefined) return "it reaches for a field or a type that this kernel does not have (CO-RE)";
    return `it reaches for ${part.access}, which this kernel does not have (CO-RE): ${part.tried}`;
  }
  if (unknown !== undefined && isPoisonedCall(Number(unknown))) {
    const called = references.find(({ slot, kind }) => kind === "extern" && slot === verdict.slot);
    const name = called?.kind === "extern" ? called.name : "a function";
    return `it calls ${name} of the kernel, which this kernel does not have: ask bpf_ksym_exists(${name}) first`;
  }
  if (unknown !== undefined && isMissingMap(Number(unknown))) {
    const used = references.find(({ slot }) => slot === verdict.slot);
    const name = used?.kind === "map" || used?.kind === "map-value" ? used.map : "a map";
    return `it uses map ${name}, which load() was told not to make: ask a variable first`;
  }
  if (unknown !== undefined) return `this kernel has no helper ${helperNamed(Number(unknown))}`;
  if (/^unknown opcode 8d$/.test(verdict.reason)) return callThroughRegister;
  return undefined;
}

/** `bpf_cgrp_storage_get (Linux 6.2)`; its number where nobody knows it. */
function helperNamed(id: number): string {
  const name = Object.entries(HelperId).find(([, value]) => value === id)?.[0];
  return name === undefined ? String(id) : `bpf_${name} (Linux ${helperSince(id) ?? "?"})`;
}

/** Clang may put what looks for a field before the line that reads it: then the next one that names it. */
function lineOf({ lines, absent }: AssembledProgram, { slot }: Verdict): LineInfo | undefined {
  const line = lineAt(lines, slot);
  const field = /\.(\w+)(?:\[\d+\])*$/.exec(absent.find((each) => each.slot === slot)?.part.access ?? "")?.[1];
  if (field === undefined || line === undefined || line.text.includes(field)) return line;
  return lines.find((each) => each.slot > slot && each.file === line.file && each.text.includes(field)) ?? line;
}

function lineAt(lines: readonly LineInfo[], slot: number): LineInfo | undefined {
  return slot < 0 ? undefined : lines.findLast((line) => line.slot <= slot);
}
