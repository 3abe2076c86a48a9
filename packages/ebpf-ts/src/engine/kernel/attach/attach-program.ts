import type { AttachTarget, AttachTargetOf } from "../../../attach/attach-targets.gen.ts";
import type { QueriedTarget } from "../../../attach/queried-target.ts";
import { importHost } from "../../../host/import-host.ts";
import type { QueriedPrograms } from "../../queried-programs.ts";
import type { Attach, Attachment, AttachRequest, Query } from "./attachment.ts";
import { ways } from "./ways.gen.ts";

export async function attachProgram(request: AttachRequest<AttachTarget>): Promise<Attachment> {
  const { kind } = request.target;
  const attach = await importHost(`what attaches to a ${kind}`, ways[kind] as () => Promise<Attach<AttachTarget>>);
  return attach(request);
}

const queries: { readonly [Kind in QueriedTarget["kind"]]: () => Promise<Query<AttachTargetOf<Kind>>> } = {
  cgroup: async () => (await import("./ways/net/cgroup.ts")).queryCgroup,
  netkit: async () => (await import("./ways/net/netkit.ts")).queryNetkit,
  tc: async () => (await import("./ways/net/tc.ts")).queryTc,
};

/** Its kind is one of which the kernel tells what is attached there. */
export async function queryPlace(request: AttachRequest<AttachTarget>): Promise<QueriedPrograms> {
  const { kind } = request.target;
  const found = queries[kind as QueriedTarget["kind"]] as () => Promise<Query<AttachTarget>>;
  const query = await importHost(`what attaches to a ${kind}`, found);
  return query(request);
}
