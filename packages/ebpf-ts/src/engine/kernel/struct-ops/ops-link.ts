import type { StructOpsTarget } from "../../../attach/link-target.ts";
import { NotSupportedError } from "../../../base/errors.ts";
import { operationsLast } from "../../../host/lasting-operations.ts";
import type { Descriptor } from "../../../sys/ffi/descriptor.ts";
import { KernelStruct } from "../../../sys/ffi/kernel-struct.ts";
import type { Sys } from "../../../sys/ffi/sys.ts";
import { Errno } from "../../../uapi/errno.ts";
import { BpfAttr } from "../../../uapi/structs.gen.ts";
import { Command, LinkType } from "../../../uapi/uapi.gen.ts";
import type { LinkInfo } from "../../link.ts";
import type { EngineMap } from "../../map.ts";
import type { EngineLink, Replacement } from "../../program.ts";
import { isKernelBefore } from "../kernel-release.ts";
import { linkFields, linkInfo } from "../object-info.ts";
import { PinPlace } from "../pin.ts";
import { opsFailure } from "./ops-failure.ts";

/** Operations of the kernel, as what keeps them in use sees them. */
export interface KeptOps extends Pick<EngineMap, "info"> {
  readonly fd: number;
  /** Writes the value. `action` follows "Cannot". */
  fill(action: string): void;
  /** Deletes it. */
  withdraw(): void;
}

export interface OpsLinkParts {
  readonly sys: Sys;
  readonly map: KeptOps;
  /** Throws for what is none. */
  readonly opsOf: (next: Replacement) => KeptOps;
  /** Undefined of operations without links: the map keeps them in use. */
  readonly link: Descriptor | undefined;
  readonly target: StructOpsTarget;
}

/** What keeps operations of the kernel in use: a link (Linux 6.4), or the value of their map until it is deleted. */
export class OpsLink implements EngineLink {
  readonly target: StructOpsTarget;
  readonly #sys: Sys;
  readonly #link: Descriptor | undefined;
  readonly #pin: PinPlace;
  readonly #opsOf: OpsLinkParts["opsOf"];
  readonly #onEnd: () => void;
  readonly #forget: (() => void) | undefined;
  #map: KeptOps;
  #open = true;

  constructor({ sys, map, link, target, opsOf }: OpsLinkParts, onEnd: () => void) {
    this.target = target;
    this.#sys = sys;
    this.#map = map;
    this.#link = link;
    this.#opsOf = opsOf;
    this.#onEnd = onEnd;
    this.#pin = new PinPlace(sys);
    // Before Linux 5.19, all of bpf(2) may take CAP_BPF.
    if (link === undefined) this.#forget = operationsLast({ map: map.info.name, privileged: isKernelBefore("5.19") });
  }

  get info(): LinkInfo {
    if (this.#link !== undefined) return linkInfo(this.#sys, this.#link);
    return { id: 0, type: LinkType.STRUCT_OPS, programId: 0, details: { mapId: this.#map.info.id } };
  }

  async update(next: Replacement): Promise<void> {
    const link = this.#linkTo("update");
    const map = this.#opsOf(next);
    updateOps(this.#sys, link, map, `update ${this.#title} to map ${map.info.name}`);
    this.#map = map;
  }

  get pinnedAt(): string | undefined {
    return this.#pin.path;
  }

  pin(path: string): void {
    this.#pin.pin(this.#linkTo("pin"), path, this.#title);
  }

  unpin(): void {
    this.#pin.unpin(this.#title);
  }

  async close(): Promise<void> {
    this.end();
  }

  /** {@link close}, at once. What throws has not ended, and can be tried again. */
  end(): void {
    if (!this.#open) return;
    if (this.#link === undefined) this.#map.withdraw();
    else this.#link.close();
    this.#open = false;
    this.#forget?.();
    this.#onEnd();
  }

  get #title(): string {
    return `the link of map ${this.#map.info.name}`;
  }

  #linkTo(action: string): Descriptor {
    if (this.#link !== undefined) return this.#link;
    const message = `Cannot ${action} ${this.#title}: the kernel has none for it, define it in section ".struct_ops.link" (Linux 6.4)`;
    throw new NotSupportedError(`${action} link`, message, "6.4");
  }
}

/**
 * Puts other operations in the place of those that a link keeps in use (BPF_LINK_UPDATE). Those that it has already stay: the kernel would add them
 * to its lists once more, which destroys these (a congestion control of TCP, Linux 6.12).
 */
export function updateOps(sys: Sys, link: Descriptor, map: KeptOps, action: string): void {
  if (linkFields(sys, link).struct_ops.map_id === map.info.id) return;
  map.fill(action);
  const attributes = new KernelStruct(BpfAttr.link_update, { link_fd: link.fd, new_map_fd: map.fd });
  const result = sys.bpf(Command.LINK_UPDATE, attributes);
  if (result === -Errno.EOPNOTSUPP)
    throw new NotSupportedError("update link", `Cannot ${action}: the kernel does not replace such operations`);
  if (result < 0) throw opsFailure(result, action);
}
