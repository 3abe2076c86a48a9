import { detachLink, type PinnedKind, pinById } from "ebpf-ts/kernel";
import { jsonText } from "../output/json.ts";
import { printLine } from "../output/print-line.ts";
import type { FactsOptions } from "./program-list.ts";
import { wantedOne } from "./wanted.ts";

/** `ebpf prog pin`, and those of maps and links. */
export function pin(kind: PinnedKind, name: string, path: string, { json }: FactsOptions): void {
  const id = wantedOne(kind, name);
  pinById(kind, id, path);
  if (json === true) printLine(jsonText({ id, pinned: [path] }));
}

/** `ebpf link detach` */
export function detach(name: string, { json }: FactsOptions): void {
  const id = wantedOne("link", name);
  detachLink(id);
  if (json === true) printLine(jsonText({ id, detached: true }));
}
