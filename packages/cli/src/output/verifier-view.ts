import { readVerifierPath, type VerifierPath, type VerifierStep } from "ebpf-ts/kernel";
import { cut, outputPage } from "./style.ts";
import { printable } from "./text.ts";

/** Steps that are shown: those right before it matter most. */
const shownSteps = 16;
const instructionWidth = 44;

/** What of a verifier's log matters, on standard error: the last steps to the instruction that it refused, with C lines, and what it knew there. */
export function showVerifierPath(log: string): void {
  const path = readVerifierPath(log);
  const { width } = outputPage();
  if (path.steps.length === 0) return;
  for (const line of viewLines(path)) console.error(cut(line, process.stderr.isTTY ? width : undefined));
}

export function viewLines({ reason, steps, left }: VerifierPath): string[] {
  const shown = steps.slice(-shownSteps);
  const before = left + steps.length - shown.length;
  const title =
    before === 0 ? "The way there:" : `The way there, after ${before.toLocaleString("en-US")} instructions:`;
  let source: string | undefined;
  const lines = shown.flatMap((step, index) => {
    const isNew = step.source !== undefined && step.source !== source;
    source = step.source;
    const isLast = index === shown.length - 1;
    return [...jumpLine(step), ...(isNew ? [`  ; ${printable(step.source!)}`] : []), stepLine(step, isLast)];
  });
  const last = shown.at(-1)!;
  const known = usedBy(last).map((name) => `${name} ${printable(last.before.get(name) ?? "never written")}`);
  return [
    title,
    ...lines,
    ...(known.length === 0 ? [] : [`  before it: ${known.join(", ")}`]),
    `  ${printable(reason)}`,
  ];
}

function jumpLine({ cameFrom }: VerifierStep): string[] {
  return cameFrom === undefined ? [] : [`  (by the branch of ${cameFrom})`];
}

function stepLine({ slot, instruction, learned }: VerifierStep, isLast: boolean): string {
  const head = `${isLast ? "→" : " "} ${String(slot).padStart(6)}: ${printable(instruction).padEnd(instructionWidth)}`;
  const values = [...learned].map(([name, value]) => `${name}=${printable(value)}`).join(" ");
  return `${head}  ${values}`.trimEnd();
}

/** Registers that an instruction reads or writes; a call reads up to five. */
function usedBy({ instruction, before }: VerifierStep): string[] {
  const isCall = instruction.startsWith("(85)");
  const named = isCall
    ? ["R1", "R2", "R3", "R4", "R5"].filter((name) => before.has(name))
    : Array.from(instruction.matchAll(/\b[rw](\d{1,2})\b/g), ([, number]) => `R${number}`);
  return [...new Set(named)];
}
