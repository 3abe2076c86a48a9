import type { Btf } from "../../btf/types.ts";
import { kernelBtf } from "../../engine/kernel/load/kernel-btf.ts";
import { CallKind } from "../../insn/opcodes.ts";
import type { Sys } from "../../sys/ffi/sys.ts";
import { programTypeName } from "../../uapi/type-names.ts";
import { ProgType } from "../../uapi/uapi.gen.ts";
import { loadable } from "./program-types.ts";
import { callOf, loadTiny } from "./load-tiny.ts";
import { type Answer, cannotTell, no, untold, yes } from "./probed.ts";

/** Types that kernel functions are for, where nobody says which. */
const usual = [ProgType.SYSCALL, ProgType.TRACING, ProgType.SCHED_CLS, ProgType.XDP, ProgType.CGROUP_SKB];

/** Of the kernel itself; those of modules are asked for by who loads the module's types. */
export async function askKfunc(sys: Sys, name: string, programType: number | undefined): Promise<Answer> {
  const types = await kernelBtf();
  const [found] = types.find(name, "func");
  if (found === undefined) return { ...no, reason: "the kernel's own types have no such function (a module may)" };
  const answers: Answer[] = [];
  for (const type of programType === undefined ? usual : [programType]) {
    const answer = await askCall(sys, found.id, type);
    if (answer.outcome === "yes") return answer;
    answers.push(answer);
  }
  if (programType === undefined && isMarked(types, found.id)) return yes;
  return answers.find(({ outcome }) => outcome === "cannot tell") ?? answers[0]!;
}

/** The kernel marks functions that programs may call since Linux 6.10 (`__bpf_kfunc`, BTF_KIND_DECL_TAG). */
function isMarked(types: Btf, id: number): boolean {
  return types.find("bpf_kfunc", "decl_tag").some((tag) => tag.kind === "decl_tag" && tag.type === id);
}

/** What the verifier says of a function that programs of the type may not call. */
const refused =
  /calling kernel function \S+ is not allowed|kernel function \S+ is not supported|invalid kernel function/;

async function askCall(sys: Sys, id: number, type: number): Promise<Answer> {
  const program = await loadable(type);
  if (program === undefined)
    return cannotTell(`what programs of type ${programTypeName(type)} may call depends on what they attach to`);
  const { errno, log } = loadTiny(sys, { ...program, code: [callOf(id, CallKind.KFUNC)] });
  if (errno === 0) return yes;
  if (log === "") return untold(errno);
  return refused.test(log) ? no : yes;
}
