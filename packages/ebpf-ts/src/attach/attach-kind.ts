import type { Checks } from "../base/check-options.ts";
import type { PlaceKind } from "../kinds/program-kind.ts";

/** One way of saying where: a file of this room, and what section names can say of it. */
export interface AttachKind<Target extends { readonly kind: PlaceKind }> {
  readonly kind: Target["kind"];
  /** In messages: `a tracepoint`. */
  readonly title: string;
  /** What the kernel has for such a place: BPF_LINK_TYPE_*. */
  readonly linkType: number;
  /** A program can be attached to such a place once at a time. */
  readonly once: boolean;
  readonly checks: Checks<Omit<Target, "kind">>;
  /** Keys that cannot be left out. */
  readonly needs: readonly (keyof Target & string)[];
  /** Refuses, with a TypeError or a RangeError, what no key by itself shows. */
  check?(target: Target): void;
  /** The option that a place takes beside what its section names, so that it waits to be told. */
  alsoNeeds?(rest: string): (keyof Target & string) | undefined;
  /** Fills in what the program was loaded for, where the target leaves it out. */
  bind?(target: Target, attachTo: string): Target;
  /** What the rest of a section's name says; undefined when that is not how one writes it. */
  parse(rest: string): Target | undefined;
  /** The other way round: what follows the kind and a slash. */
  write(target: Target): string;
}
