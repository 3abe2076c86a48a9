/** Sources of events, and rings of another thread in a browser: `ebpf-ts/embedded`. */
import {
  type AttachedProgram,
  AttachedPrograms,
  type Collection,
  type EventSource,
  FunctionCalls,
  load,
  openRingBuf,
  openUserRingBuf,
  type RingBuf,
  type RingBufHandle,
  type UserRingBuf,
  type UserRingBufHandle,
} from "ebpf-ts/embedded";
import { load as loadInNode } from "ebpf-ts";
import type { Hold, Same } from "./same.ts";

interface Event {
  readonly pid: number;
}

const greet = (name: string, times = 1): number => name.length * times;
const app = new FunctionCalls("app", { greet });
const attached = new AttachedPrograms<"tick" | "tock">();

declare const bytes: Uint8Array;
declare const events: RingBufHandle<Event>;
declare const samples: UserRingBufHandle<Event>;

export type Sources = Hold<
  [
    Same<(typeof app)["functions"]["greet"], typeof greet>,
    typeof app extends EventSource ? true : false,
    Same<Parameters<typeof attached.attach>[0], "tick" | "tock">,
    Same<ReturnType<typeof attached.attach>, AttachedProgram>,
  ]
>;

export async function useSources(): Promise<[Collection, RingBuf<Event>, UserRingBuf<Event>, number]> {
  const bpf = await load(bytes, { sources: [app], variables: { count: 1 } });
  await loadInNode(bytes, { sources: [app] });
  // @ts-expect-error -- it takes a text
  app.functions.greet(1);
  // @ts-expect-error -- there is no such point
  attached.at("tack");
  // @ts-expect-error -- a path means nothing in a browser
  await load("user_ringbuf.bpf.o");
  return [bpf, await openRingBuf(events), await openUserRingBuf(samples), app.functions.greet("page")];
}
