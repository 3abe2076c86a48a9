import { attachKinds, type AttachTarget } from "../../attach/attach-kinds.gen.ts";
import { NotSupportedError } from "../../base/errors.ts";
import type { Descriptor } from "../../sys/ffi/descriptor.ts";
import type { Sys } from "../../sys/ffi/sys.ts";
import { linkTypeName } from "../../uapi/type-names.ts";
import type { LinkInfo } from "../link.ts";
import type { EngineLink, EngineProgram, ProgramInfo } from "../program.ts";
import type { Attachment } from "./attach/attachment.ts";
import { linkInfo } from "./object-info.ts";
import { pinObject, unpinObject } from "./pin.ts";
import { cannotUpdate, updateLink } from "./update-link.ts";

export interface KernelLinkOptions {
  readonly sys: Sys;
  readonly attachment: Attachment;
  readonly target: AttachTarget;
  readonly program: ProgramInfo;
  /** Throws when it is none of this engine. */
  readonly descriptorOf: (program: EngineProgram) => number;
}

/** A link of the kernel, or what keeps a program attached where the kernel has none. */
export class KernelLink implements EngineLink {
  readonly target: AttachTarget;
  readonly #options: KernelLinkOptions;
  readonly #onEnd: () => void;
  #program: ProgramInfo;

  constructor(options: KernelLinkOptions, onEnd: () => void) {
    this.target = options.target;
    this.#options = options;
    this.#program = options.program;
    this.#onEnd = onEnd;
  }

  get info(): LinkInfo {
    const { sys, attachment } = this.#options;
    const { link, details } = attachment;
    return link === undefined
      ? { id: 0, type: this.#type, programId: this.#program.id, details: {} }
      : linkInfo(sys, link, details);
  }

  async update(program: EngineProgram): Promise<void> {
    const { sys, attachment, descriptorOf } = this.#options;
    const newProgram = descriptorOf(program);
    if (!attachment.canUpdate) throw cannotUpdate(this.#title, this.#type);
    updateLink(sys, this.#link("update"), newProgram, `update ${this.#title} to program ${program.info.name}`);
    this.#program = program.info;
  }

  pin(path: string): void {
    pinObject(this.#options.sys, this.#link("pin"), path, this.#title);
  }

  unpin(path: string): void {
    unpinObject(path, this.#title);
  }

  async close(): Promise<void> {
    const { link, event } = this.#options.attachment;
    this.#onEnd();
    link?.close();
    event?.close();
  }

  get #type(): number {
    return attachKinds[this.target.kind].linkType;
  }

  get #title(): string {
    return `the link of program ${this.#program.name}`;
  }

  #link(action: string): Descriptor {
    const { link } = this.#options.attachment;
    if (link !== undefined) return link;
    throw new NotSupportedError(
      `${action} link`,
      `Cannot ${action} ${this.#title}: this kernel has no ${linkTypeName(this.#type)} links (Linux 5.15)`,
      "5.15",
    );
  }
}
