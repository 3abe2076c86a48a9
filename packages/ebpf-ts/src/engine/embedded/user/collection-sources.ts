import { NotSupportedError } from "../../../base/errors.ts";
import type { EngineCommand, HeldCommand, SpawnOptions } from "../../command.ts";
import { sameContext } from "../sources/context-type.ts";
import { type AttachPlace, describePlace } from "../sources/attach-place.ts";
import type { AttachedProgram, AttachPoint, EventSource, RunningSource, SourceHost } from "../sources/event-source.ts";

interface Started {
  readonly source: EventSource;
  readonly running: RunningSource;
}

interface Found {
  readonly source: EventSource;
  readonly point: AttachPoint;
}

/**
 * The sources of a collection. A place is a name, as in the kernel: a program is attached in every source that has it, and gets the events
 * of all of them. They must agree on what its context is.
 */
export class CollectionSources {
  readonly #started: readonly Started[];

  constructor(sources: readonly EventSource[], host: SourceHost) {
    const started: Started[] = [];
    try {
      for (const source of sources) started.push({ source, running: source.start(host) });
    } catch (error) {
      void stopAll(started);
      throw error;
    }
    this.#started = started;
  }

  /** Throws, with nothing attached, when no source has the place. */
  attach(name: string, program: number, place: AttachPlace): AttachedProgram {
    const found = this.#find(name, place);
    checkAgreement(name, place, found);
    const attached = found.map(({ point }) => point.attach(program));
    return {
      replace: (other) => attached.forEach((each) => each.replace(other)),
      detach: () => attached.forEach((each) => each.detach()),
    };
  }

  /** The first source that can start commands does. */
  spawn(file: string, args: readonly string[], options: SpawnOptions): Promise<EngineCommand> {
    const able = this.#started.find(({ running }) => running.spawn !== undefined);
    if (able !== undefined) return able.running.spawn!(file, args, options);
    throw new NotSupportedError(
      "spawn",
      `Cannot start ${file}: this embedded engine has no source of events that starts commands, run the programs by hand`,
    );
  }

  /** The same, of a command that one of them holds. */
  start(held: HeldCommand): Promise<EngineCommand> {
    const able = this.#started.find(({ running }) => running.startHeld !== undefined);
    if (able !== undefined) return able.running.startHeld!(held);
    throw new NotSupportedError(
      "spawn",
      "Cannot start the command: no source of events of this engine starts commands",
    );
  }

  /** All of them, whatever one says; gives what went wrong. */
  stop(): Promise<unknown[]> {
    return stopAll(this.#started);
  }

  #find(name: string, place: AttachPlace): readonly Found[] {
    const found: Found[] = [];
    const refusals: unknown[] = [];
    for (const { source, running } of this.#started) {
      try {
        const point = running.find(place);
        if (point !== undefined) found.push({ source, point });
      } catch (refusal) {
        refusals.push(refusal);
      }
    }
    if (found.length > 0) return found;
    if (refusals.length > 0) throw refusals[0];
    throw this.#nowhere(name, place);
  }

  #nowhere(name: string, place: AttachPlace): NotSupportedError {
    const where = describePlace(place);
    const known = this.#started.map(({ source }) => `${source.name} (${source.places.join(", ")})`).join("; ");
    const has = known === "" ? "this embedded engine has no sources of events" : `the sources of events are ${known}`;
    return new NotSupportedError(
      where,
      `Cannot attach program ${name} to ${where}: ${has}; run it by hand, or use the kernel engine, which needs root`,
    );
  }
}

async function stopAll(started: readonly Started[]): Promise<unknown[]> {
  const ends = await Promise.allSettled(started.map(async ({ running }) => running.stop()));
  return ends.flatMap((end) => (end.status === "rejected" ? [end.reason as unknown] : []));
}

function checkAgreement(name: string, place: AttachPlace, [first, ...others]: readonly Found[]): void {
  const other = others.find(({ point }) => !sameContext(point.context, first!.point.context));
  if (other === undefined) return;
  const where = describePlace(place);
  throw new NotSupportedError(
    where,
    `Cannot attach program ${name} to ${where}: ${first!.source.name} and ${other.source.name} both have it, and give it different contexts`,
  );
}
