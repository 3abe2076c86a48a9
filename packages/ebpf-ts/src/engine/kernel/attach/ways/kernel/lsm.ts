import type { LsmTarget } from "../../../../../attach/targets/kernel/lsm.ts";
import { publishFinding } from "../../../../../host/reporters.ts";
import { readIfThere } from "../../../../../host/system-files.ts";
import { attachTyped } from "../../attach-typed.ts";
import type { Attach } from "../../attachment.ts";

/** The verifier was told of the hook. */
export const attachLsm: Attach<LsmTarget> = async (request) => {
  const attachment = attachTyped(request, request.target.cookie);
  const modules = readIfThere("/sys/kernel/security/lsm")?.trim();
  if (modules !== undefined && !modules.split(",").includes("bpf")) {
    publishFinding(
      `Program ${request.spec.name} never runs: this kernel asks no eBPF program at its LSM hooks, start it with lsm=${modules},bpf`,
    );
  }
  return attachment;
};
