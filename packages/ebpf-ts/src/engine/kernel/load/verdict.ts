/** What a verifier log says, boiled down. */
export interface Verdict {
  /** The line that says why. */
  readonly reason: string;
  /** What the verifier suggests (Linux 7.3 does). */
  readonly advice: string | undefined;
  /** Slot of the instruction that was looked at last; -1 when the log shows none. */
  readonly slot: number;
  /** That instruction, as the log prints it: `(85) call bpf_probe_read#4`. */
  readonly instruction: string;
}

const instructionLine = /^(\d+): (?:R\d.*?; )?(\([0-9a-f]{2}\) .*)$/;
/** Lines that say nothing about the reason: sources, states of registers, statistics. */
const noise = [
  /^;/,
  /^\d+: /,
  /^from \d+ to /,
  /^R\d+(_\w+)?=/,
  /^processed \d+ insns/,
  /^(verification time|stack depth|max_states|func#\d)/,
  /^(cur|old) state:/,
  /^(mark_precise|last_idx|regs=|parent |propagating )/,
  /^\s*$/,
];

/** Finds the decisive line of a log: the last one that is neither an instruction nor a statistic. */
export function readVerdict(log: string): Verdict {
  const { told, report } = partsOf(log.split("\n"));
  const at = told.findLastIndex((line) => !noise.some((pattern) => pattern.test(line)));
  const match = told.slice(0, at < 0 ? told.length : at).findLast((line) => instructionLine.test(line));
  const parts = match === undefined ? null : instructionLine.exec(match);
  return {
    reason: at < 0 ? (paragraph(report, "Reason:") ?? "") : (told[at] ?? "").trim(),
    advice: paragraph(report, "Suggestion:"),
    slot: parts === null ? -1 : Number(parts[1]),
    instruction: parts?.[2] ?? "",
  };
}

/**
 * What was told on the way; and the report that Linux 7.3 puts between that and the statistics:
 *
 * ```text
 *   Verification failed: Register Type Safety: Invalid dereference
 *
 *   Reason:
 *     R0 may be NULL here …
 *
 *   At:, Causal path: …
 *
 *   Suggestion:
 *     Add a NULL check before the access …
 * ```
 */
function partsOf(lines: readonly string[]): { readonly told: readonly string[]; readonly report: readonly string[] } {
  const statistics = lines.findLastIndex((line) => line.startsWith("processed ") && line.includes(" insns"));
  const end = statistics < 0 ? lines.length : statistics;
  const begin = lines.slice(0, end).findLastIndex((line) => line.startsWith("Verification failed: "));
  return begin < 0
    ? { told: lines.slice(0, end), report: [] }
    : { told: lines.slice(0, begin), report: lines.slice(begin, end) };
}

/** The text under a heading, which is indented, as one line. */
function paragraph(report: readonly string[], heading: string): string | undefined {
  const at = report.indexOf(heading);
  if (at < 0) return undefined;
  const rest = report.slice(at + 1);
  const end = rest.findIndex((line) => !line.startsWith(" "));
  return (
    rest
      .slice(0, end < 0 ? rest.length : end)
      .map((line) => line.trim())
      .join(" ") || undefined
  );
}
