import { attachKinds } from "../../attach/attach-kinds.gen.ts";
import type { AttachTarget } from "../../attach/attach-targets.gen.ts";
import { NotSupportedError } from "../../base/errors.ts";
import type { Descriptor } from "../../sys/ffi/descriptor.ts";
import type { Sys } from "../../sys/ffi/sys.ts";
import { linkTypeName } from "../../uapi/type-names.ts";
import type { LinkInfo } from "../link.ts";
import type { EngineLink, EngineProgram, ProgramInfo, Replacement } from "../program.ts";
import { type Attachment, type AttachmentPart, closeAttachment } from "./attach/attachment.ts";
import { findLinkKind } from "./attach/find-link-kind.ts";
import { IteratorReading } from "./iterator-reading.ts";
import { linkFields, linkInfo } from "./object-info.ts";
import { PinPlace } from "./pin.ts";
import { cannotUpdate, updateLink } from "./update-link.ts";

export interface KernelLinkOptions {
  readonly sys: Sys;
  readonly attachment: Attachment;
  readonly target: AttachTarget;
  readonly program: ProgramInfo;
  /** Throws when it is none of this engine. */
  readonly descriptorOf: (program: Replacement) => number;
}

/** A link of the kernel, or what keeps a program attached where the kernel has none. */
export class KernelLink implements EngineLink {
  readonly target: AttachTarget;
  readonly #options: KernelLinkOptions;
  readonly #onEnd: () => void;
  readonly #pin: PinPlace;
  readonly #readings = new Set<IteratorReading>();
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
    const parts = this.#attachment.parts.map((part) => this.#infoOf(part));
    return parts.length === 1 ? parts[0]! : { ...parts[0]!, parts };
  }

  #infoOf({ link, details = {} }: AttachmentPart): LinkInfo {
    if (link !== undefined) return linkInfo(this.#options.sys, link);
    return { id: 0, type: this.#type, programId: this.#program.id, details };
  }

  async update(program: EngineProgram): Promise<void> {
    const newProgram = this.#options.descriptorOf(program);
    const action = `update ${this.#title} to program ${program.info.name}`;
    for (const part of this.#attachment.parts) this.#updatePart(part, newProgram, action);
    this.#program = program.info;
  }

  #updatePart({ link, update }: AttachmentPart, newProgram: number, action: string): void {
    const { sys } = this.#options;
    if (update !== undefined) return update(newProgram, action);
    const type = link === undefined ? this.#type : linkFields(sys, link).type;
    if (link === undefined || !findLinkKind(type).canUpdate) throw cannotUpdate(this.#title, type);
    updateLink(sys, link, newProgram, action);
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
    this.#pin.pin(this.#onlyLink("pin"), path, this.#title);
  }

  unpin(): void {
    this.#pin.unpin(this.#title);
  }

  read(): IteratorReading {
    const { sys } = this.#options;
    const { name } = this.#program;
    const reading = new IteratorReading(sys, this.#onlyLink("read"), name, (ended) => this.#readings.delete(ended));
    this.#readings.add(reading);
    return reading;
  }

  async close(): Promise<void> {
    for (const reading of this.#readings) reading.close();
    closeAttachment(this.#attachment);
    this.#onEnd();
  }

  get #type(): number {
    return attachKinds[this.target.kind].linkType;
  }

  get #title(): string {
    return `the link of program ${this.#program.name}`;
  }

  /** A pin is one file, and of one link. */
  #onlyLink(action: string): Descriptor {
    const [first, ...others] = this.#attachment.parts;
    if (others.length > 0) {
      throw new NotSupportedError(
        `${action} link`,
        `Cannot ${action} ${this.#title}: the kernel has ${others.length + 1} links for it, attach to each place by itself and ${action} those`,
      );
    }
    if (first?.link !== undefined) return first.link;
    const why = `this kernel has no ${linkTypeName(this.#type)} links`;
    const none: NonNullable<AttachmentPart["noLink"]> = first?.noLink ?? { why, since: "5.15" };
    const version = none.since === undefined ? "" : ` (Linux ${none.since})`;
    const message = `Cannot ${action} ${this.#title}: ${none.why}${version}`;
    throw new NotSupportedError(`${action} link`, message, none.since);
  }
}
