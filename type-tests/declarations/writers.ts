/** Messages in: UserRingBuf, SharedProducer, reservations. */
import type { Collection, Fields, Reservation, UserRingBuf, UserRingBufHandle } from "ebpf-ts";
import type { Reservation as RingReservation, RingProducer } from "ebpf-ts/ring";
import { type Reservation as SharedReservation, SharedRing } from "ebpf-ts/shared-ring";
import type { Hold, Same } from "./same.ts";

interface Command {
  readonly op: number;
  readonly name: string;
}

declare const bpf: Collection;
declare const commands: UserRingBuf<Command>;
declare const producer: RingProducer;

export type Writers = Hold<
  [
    Same<Parameters<UserRingBuf<Command>["send"]>, [value: Command | Uint8Array]>,
    Same<ReturnType<UserRingBuf<Command>["trySend"]>, boolean>,
    Same<ReturnType<UserRingBuf["reserve"]>, Reservation>,
    Same<SharedReservation, Reservation>,
    Same<Reservation, RingReservation>,
    Same<ReturnType<UserRingBuf<Command>["share"]>, UserRingBufHandle<Command>>,
    Same<UserRingBufHandle<Command> extends UserRingBufHandle<string> ? true : false, false>,
  ]
>;

export async function sends(): Promise<void> {
  commands.send({ op: 1, name: "a" });
  commands.sendMany(new Set([{ op: 1, name: "a" }])) satisfies number;
  commands.fill(2, 8, (view, offset, index) => view.setUint32(offset, index, true)) satisfies number;
  commands.send(new Uint8Array(8));
  commands.trySend(new Uint8Array(8)) satisfies boolean;
  commands.sendMany([new Uint8Array(8), { op: 1, name: "a" }]);
  // @ts-expect-error -- a member is missing
  commands.send({ op: 1 });
  // @ts-expect-error -- as with any of them
  commands.sendMany([{ op: "1", name: "a" }]);
  using sample = commands.reserve(8);
  sample.bytes[0] = sample.size;
  sample.submit();
  // @ts-expect-error -- the bytes are the ring's
  sample.bytes = new Uint8Array(8);
  (await commands.reserveWhenFree(8, { timeoutMs: 10 })).discard();
  bpf.userRingBuf("commands").send({ whatever: 1 } satisfies Fields);
  bpf.userRingBuf<Command>("commands", { type: "command" }) satisfies UserRingBuf<Command>;
  producer.reservation(8) satisfies Reservation;
}

export async function shared(): Promise<void> {
  using ring = SharedRing.create({ size: 4096, path: "/dev/shm/ring" });
  using writer = ring.producer();
  writer.send(new Uint8Array(1));
  writer.sendMany([new Uint8Array(1)]) satisfies number;
  writer.tryReserve(8) satisfies Reservation | undefined;
  (await writer.reserveWhenFree(8)) satisfies Reservation;
  // @ts-expect-error -- no values: there is no type that says how
  writer.send({ op: 1 });
  // @ts-expect-error -- made by create() or open()
  new SharedRing("name");
  SharedRing.open(3) satisfies SharedRing;
  // @ts-expect-error -- a path, or a descriptor
  SharedRing.open({ path: "/dev/shm/ring" });
}
