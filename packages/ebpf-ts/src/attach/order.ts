import { type Checks, optionsOf } from "../base/check-options.ts";
import { type Check, integer, wrongKind } from "../base/checks.ts";

/** A program, whoever loaded it: its info tells its number in the kernel, and its tag. */
export interface AnyProgram {
  readonly info: { readonly id: number; readonly tag: string };
}

/** A link, whoever made it: its info says which program it keeps attached. */
export interface OtherLink {
  readonly info: { readonly id: number; readonly programId: number };
}

/** Another program at the same place: by its link, or by itself; either of them, or its `info.id`. */
export interface OtherProgram {
  readonly link?: number | OtherLink | undefined;
  readonly program?: number | AnyProgram | undefined;
}

/** When a program runs among those that are at the same place. By default it comes last. */
export interface AttachOrder {
  /** `all`: before whatever is there now. */
  readonly before?: OtherProgram | OtherLink | "all" | undefined;
  /** `all`: after whatever is there now. */
  readonly after?: OtherProgram | OtherLink | "all" | undefined;
  /**
   * What `query()` of a program told of the place: STALE if anything was attached or detached there since, so that nobody comes in between
   * (`expected_revision`: tcx of Linux 6.6, netkit 6.7, cgroups 6.17). When the last program goes from an interface, tcx counts from 1 anew:
   * who came and went meanwhile is not noticed.
   */
  readonly revision?: number | undefined;
}

/** As the kernel is told of it. */
export interface OtherId {
  readonly id: number;
  readonly isLink: boolean;
}

const anId = integer(1, 0xffff_ffff);

/** What has an id of the kernel's, or the id. */
const identified: Check = (value, what) => {
  if (!hasId(value)) return typeof value === "number" ? anId(value, what) : refuseOther(value, what);
  if (value.info.id === 0)
    throw new TypeError(`${what} has no id in the kernel, as filters of clsact and the embedded engine have none`);
};

const aLink: Check = (value, what) => {
  if (hasId(value) && !isLink(value)) throw new TypeError(`${what} is no link: say { program } for a program`);
  identified(value, what);
};

const aProgram: Check = (value, what) => {
  if (isLink(value)) throw new TypeError(`${what} is a link: say { link }`);
  if (hasId(value) && !isProgram(value)) throw new TypeError(`${what} is no program: give one, or its info.id`);
  identified(value, what);
};

const otherOptions = optionsOf<OtherProgram>({ link: aLink, program: aProgram });

const anOther: Check = (value, what) => {
  if (value === "all") return;
  if (hasId(value)) return aLink(value, what);
  otherOptions(value, what);
  const { link, program } = value as OtherProgram;
  if ((link === undefined) === (program === undefined))
    throw new TypeError(`${what} must be "all", a link, or name one of: link, program (or their info.id)`);
};

export const orderChecks: Checks<AttachOrder> = {
  before: anOther,
  after: anOther,
  revision: integer(1, Number.MAX_SAFE_INTEGER),
};

/** `where` is the kind's title. */
export function checkOrder({ before, after }: AttachOrder, where: string): void {
  if (before === undefined || after === undefined) return;
  throw new TypeError(`attach() to ${where} takes one of before and after`);
}

/** The same by ids alone, which stay when a link has ended. */
export function withIds<Target extends AttachOrder>(target: Target): Target {
  const { before, after } = target;
  const ordered: AttachOrder = {
    ...(before === undefined ? {} : { before: byId(before) }),
    ...(after === undefined ? {} : { after: byId(after) }),
  };
  return { ...target, ...ordered };
}

/** A revision is of one attach() alone. */
export function withoutRevision<Target extends object>(target: Target): Target {
  if (!("revision" in target)) return target;
  const { revision: _, ...others } = target;
  return others as Target;
}

export function otherId(other: OtherProgram | OtherLink): OtherId {
  if ("info" in other) return { id: other.info.id, isLink: true };
  const found = other.link ?? other.program!;
  return { id: typeof found === "number" ? found : found.info.id, isLink: other.link !== undefined };
}

function byId(other: NonNullable<AttachOrder["before"]>): OtherProgram | "all" {
  if (other === "all") return other;
  const { id, isLink: byLink } = otherId(other);
  return byLink ? { link: id } : { program: id };
}

function refuseOther(value: unknown, what: string): never {
  throw wrongKind(what, "a link or a program, or its info.id", value);
}

/** Maps have one too. */
interface HasId {
  readonly info: { readonly id: number };
}

function hasId(value: unknown): value is HasId {
  const { info } = Object(value) as Partial<HasId>;
  return typeof info?.id === "number";
}

function isProgram(value: HasId): value is AnyProgram {
  return "tag" in value.info;
}

function isLink(value: unknown): value is OtherLink {
  return hasId(value) && "programId" in value.info;
}
