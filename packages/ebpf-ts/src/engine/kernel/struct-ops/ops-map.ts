import { NotSupportedError } from "../../../base/errors.ts";
import { refuseIfLockedDown } from "../../../host/locked-down.ts";
import { Descriptor } from "../../../sys/ffi/descriptor.ts";
import { KernelStruct } from "../../../sys/ffi/kernel-struct.ts";
import { Errno } from "../../../uapi/errno.ts";
import { BpfAttr } from "../../../uapi/structs.gen.ts";
import { AttachType, Command, MapFlag } from "../../../uapi/uapi.gen.ts";
import type { EngineLink, Replacement } from "../../program.ts";
import { KernelMap } from "../map/kernel-map.ts";
import { OpsLink } from "./ops-link.ts";
import { opsFailure } from "./ops-failure.ts";
import { structOfMap } from "./struct-of-map.ts";

const key0 = new Uint8Array(4);

/** Operations of the kernel (BPF_MAP_TYPE_STRUCT_OPS): attached as a whole, once their programs are loaded. */
export class OpsMap extends KernelMap {
  readonly #links = new Set<OpsLink>();
  /** Undefined of a map that somebody else has made. */
  #value: Uint8Array | undefined;
  #struct: string | undefined;

  /** What is written to the map when it is attached, which the kernel takes once: as long as its values are. `struct` is the kernel's name of what it is. */
  prepare(struct: string, value: Uint8Array): void {
    this.#struct = struct;
    this.#value = value;
  }

  get hasLinks(): boolean {
    return (this.info.flags & MapFlag.LINK) !== 0;
  }

  async attach(): Promise<EngineLink> {
    const action = `attach map ${this.info.name}`;
    refuseIfLockedDown(action, "bpf");
    const struct = this.#struct ?? (await structOfMap(this.sys, this));
    this.fill(action);
    const link = this.hasLinks ? this.#createLink(action) : undefined;
    const target = { kind: "struct_ops", struct } as const;
    const parts = { sys: this.sys, map: this, opsOf: opsMapOf, link, target };
    const opsLink = new OpsLink(parts, () => this.#links.delete(opsLink));
    this.#links.add(opsLink);
    return opsLink;
  }

  /** Writes the value: with it, operations without links are in use, and those with links can be linked. */
  fill(action: string): void {
    if (this.#value === undefined && this.hasLinks) return;
    if (this.#value === undefined)
      throw new NotSupportedError(
        "attach map",
        `Cannot ${action}: who has loaded it alone can, for it has no links (SEC(".struct_ops.link"), Linux 6.4)`,
      );
    const result = this.calls.update(key0, this.#value, 0);
    // Whoever has linked it before has written it.
    if (result < 0 && !(this.hasLinks && result === -Errno.EBUSY)) throw opsFailure(result, action);
  }

  /** Of those without links. */
  withdraw(): void {
    const result = this.calls.delete(key0);
    // Somebody else was faster.
    if (result < 0 && result !== -Errno.ENOENT && result !== -Errno.EINPROGRESS)
      throw opsFailure(result, `detach map ${this.info.name}`);
  }

  #createLink(action: string): Descriptor {
    const attributes = new KernelStruct(BpfAttr.link_create, { map_fd: this.fd, attach_type: AttachType.STRUCT_OPS });
    const fd = this.sys.bpf(Command.LINK_CREATE, attributes);
    if (fd < 0) throw opsFailure(fd, action);
    return new Descriptor(fd, `the link of map ${this.info.name}`);
  }

  override close(): void {
    try {
      for (const link of this.#links) link.end();
    } finally {
      super.close();
    }
  }
}

/** Throws for a program, and for a map of another kind or engine. */
export function opsMapOf(next: Replacement): OpsMap {
  if (next instanceof OpsMap) return next;
  throw new TypeError(
    `Cannot use ${next.info.name} here: a link of struct_ops takes a map of struct_ops of the kernel engine`,
  );
}
