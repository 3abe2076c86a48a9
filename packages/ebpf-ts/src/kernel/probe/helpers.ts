import { EbpfError } from "../../base/errors.ts";
import { nearName } from "../../base/near-name.ts";
import type { Sys } from "../../sys/ffi/sys.ts";
import { programTypeName } from "../../uapi/type-names.ts";
import { HelperId } from "../../uapi/uapi.gen.ts";
import { callOf, loadTiny } from "./load-tiny.ts";
import { type Answer, cannotTell, no, untold, yes } from "./probed.ts";
import { askProgramType, loadable } from "./program-types.ts";

/** BPF_FUNC_* by its name, with or without `bpf_` before it. Throws NOT_FOUND with the name that was probably meant. */
export function helperIdOf(helper: number | string): number {
  if (typeof helper === "number") return helper;
  const name = helper.replace(/^bpf_/, "");
  const id = Object.entries(HelperId).find(([each]) => each === name && each !== "unspec")?.[1];
  if (id !== undefined) return id;
  const near = nearName(name, Object.keys(HelperId));
  const hint = near === undefined ? "" : `, did you mean bpf_${near}?`;
  throw new EbpfError("NOT_FOUND", `Cannot probe bpf_${name}: no Linux up to 6.18 has a helper of that name${hint}`);
}

/** What the verifier says of a helper that it does not have, or that programs of the type may not call. */
const refused = /(?:invalid|unknown) func |program of this type cannot use helper /;

export async function askHelper(sys: Sys, programType: number, helper: number): Promise<Answer> {
  const known = await askProgramType(sys, programType);
  const type = programTypeName(programType);
  if (known.outcome !== "yes") return reasoned(known, `it has no programs of type ${type}`);
  const program = await loadable(programType);
  if (program === undefined) return cannotTell(`what programs of type ${type} may call depends on what they attach to`);
  const { errno, log } = loadTiny(sys, { ...program, code: [callOf(helper)] });
  if (errno === 0) return yes;
  if (log === "") return untold(errno);
  return refused.test(log) ? no : yes;
}

function reasoned(answer: Answer, why: string): Answer {
  return answer.outcome === "no" ? { ...answer, reason: why } : answer;
}
