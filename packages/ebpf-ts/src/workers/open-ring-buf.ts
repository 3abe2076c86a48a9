import { makeDecoder } from "../btf/codec/decoder.ts";
import { parseBtf } from "../btf/parse-btf.ts";
import { RingBuf, type RingBufHandle } from "../map/ring-buf.ts";
import { MapType } from "../uapi/uapi.gen.ts";
import { openRing } from "./open-ring.ts";

/**
 * Opens, in a worker thread, an event ring that another thread gives away with {@link RingBuf.share}: to loop over, or to block on with
 * {@link RingBuf.drainBlocking}. Close it, or end the thread, to let go of it; the ring itself lives as long as its collection.
 */
export async function openRingBuf<T = unknown>(handle: RingBufHandle<T>): Promise<RingBuf<T>> {
  const { name } = handle.ring;
  if (handle.ring.type !== MapType.RINGBUF) {
    throw new TypeError(`Cannot open ring ${name} that way: it is a user ring buffer, open it with openUserRing()`);
  }
  const type = handle.type === undefined ? undefined : { btf: parseBtf(handle.type.btf), id: handle.type.id };
  const decoder = type && makeDecoder(type.btf, type.id);
  const opened = await openRing(handle.ring);
  // Descriptors and mappings outlive the thread that opened them. Until its end, views of the memory may be anywhere.
  const onExit = (): void => opened.close();
  process.on("exit", onExit);
  return new RingBuf<T>({
    name,
    ring: opened.ring,
    type,
    decode: decoder && ((view, offset, length) => decoder.decode(view, offset, length) as T),
    onClose: () => opened.letGo(),
  });
}
