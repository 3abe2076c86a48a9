import { type Checks, optionsOf } from "../base/check-options.ts";
import { type Check, integer } from "../base/checks.ts";

/** Another program at the same place: by the id of its link, or by its own (`info.id`). */
export interface OtherProgram {
  readonly link?: number | undefined;
  readonly program?: number | undefined;
}

/** When a program runs among those that are at the same place. By default it comes last. */
export interface AttachOrder {
  /** `all`: before whatever is there now. */
  readonly before?: OtherProgram | "all" | undefined;
  /** `all`: after whatever is there now. */
  readonly after?: OtherProgram | "all" | undefined;
}

const anId = integer(1, 0xffff_ffff);
const otherOptions = optionsOf<OtherProgram>({ link: anId, program: anId });

const anOther: Check = (value, what) => {
  if (value === "all") return;
  otherOptions(value, what);
  const { link, program } = value as OtherProgram;
  if ((link === undefined) === (program === undefined))
    throw new TypeError(`${what} must be "all", or name one of: link, program (their info.id)`);
};

export const orderChecks: Checks<AttachOrder> = { before: anOther, after: anOther };

/** `where` is the kind's title. */
export function checkOrder({ before, after }: AttachOrder, where: string): void {
  if (before === undefined || after === undefined) return;
  throw new TypeError(`attach() to ${where} takes one of before and after`);
}
