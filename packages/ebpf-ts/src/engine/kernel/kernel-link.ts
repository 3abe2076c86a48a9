import { attachKinds } from "../../attach/attach-kinds.gen.ts";
import type { AttachTarget } from "../../attach/attach-targets.gen.ts";
import { NotSupportedError } from "../../base/errors.ts";
import type { Descriptor } from "../../sys/ffi/descriptor.ts";
import type { Sys } from "../../sys/ffi/sys.ts";
import { linkTypeName } from "../../uapi/type-names.ts";
import type { LinkInfo } from "../link.ts";
import type { EngineLink, EngineProgram, ProgramInfo } from "../program.ts";
import type { Attachment } from "./attach/attachment.ts";
import { linkInfo } from "./object-info.ts";
import { PinPlace } from "./pin.ts";
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
  readonly #pin: PinPlace;
  #program: ProgramInfo;
  #attachment: Attachment;

  constructor(options: KernelLinkOptions, onEnd: () => void) {
    this.target = options.target;
    this.#options = options;
    this.#program = options.program;
    this.#attachment = options.attachment;
    this.#onEnd = onEnd;
    this.#pin = new PinPlace(options.sys);
  }

  get info(): LinkInfo {
    const { sys } = this.#options;
    const { link, details } = this.#attachment;
    return link === undefined
      ? { id: 0, type: this.#type, programId: this.#program.id, details: {} }
      : linkInfo(sys, link, details);
  }

  async update(program: EngineProgram): Promise<void> {
    const { sys, descriptorOf } = this.#options;
    const newProgram = descriptorOf(program);
    if (!this.#attachment.canUpdate) throw cannotUpdate(this.#title, this.#type);
    updateLink(sys, this.#link("update"), newProgram, `update ${this.#title} to program ${program.info.name}`);
    this.#program = program.info;
  }

  get pinnedAt(): string | undefined {
    return this.#pin.path;
  }

  /** Lets go of what keeps the program attached, for something else that keeps it attached there. */
  replace(attachment: Attachment): void {
    const before = this.#attachment;
    this.#attachment = attachment;
    closeAttachment(before);
  }

  pin(path: string): void {
    this.#pin.pin(this.#link("pin"), path, this.#title);
  }

  unpin(): void {
    this.#pin.unpin(this.#title);
  }

  async close(): Promise<void> {
    this.#onEnd();
    closeAttachment(this.#attachment);
  }

  get #type(): number {
    return attachKinds[this.target.kind].linkType;
  }

  get #title(): string {
    return `the link of program ${this.#program.name}`;
  }

  #link(action: string): Descriptor {
    const { link } = this.#attachment;
    if (link !== undefined) return link;
    throw new NotSupportedError(
      `${action} link`,
      `Cannot ${action} ${this.#title}: this kernel has no ${linkTypeName(this.#type)} links (Linux 5.15)`,
      "5.15",
    );
  }
}

export function closeAttachment({ link, event }: Attachment): void {
  link?.close();
  event?.close();
}
