import { detachLink, type PinnedKind, pinById } from "ebpf-ts/kernel";
import { wantedOne } from "./wanted.ts";

/** `ebpf prog pin`, and those of maps and links. */
export function pin(kind: PinnedKind, name: string, path: string): void {
  pinById(kind, wantedOne(kind, name), path);
}

/** `ebpf link detach` */
export function detach(name: string): void {
  detachLink(wantedOne("link", name));
}
