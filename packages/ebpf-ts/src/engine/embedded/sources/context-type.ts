import { list } from "../../../base/check-members.ts";
import { anObject, aUint8Array } from "../../../base/checks.ts";
import type { RunContext } from "../machine/contracts.ts";
import { checkContext } from "../machine/run-context.ts";

/** What programs get in r1 at an attach point. */
export interface ContextType {
  /** Bytes. */
  readonly size: number;
  /** How many of them, from the start on, a program may not read; 0 when left out. */
  readonly hidden?: number;
  readonly writable?: boolean;
  /** Kernel objects that it points at, in this order: the pointer stands at `at`, and the object has `size` bytes. */
  readonly objects?: readonly { readonly at: number; readonly size: number }[];
}

/** The context of one event. */
export interface EventContext {
  readonly type: ContextType;
  /** In the kernel's layout. */
  readonly bytes: Uint8Array;
  /** The objects that the type names. */
  readonly objects?: readonly Uint8Array[];
}

const someBytes = list(aUint8Array);

/** As the machine takes it. Nothing is copied, so that it may be made once, of bytes that are filled for each event. */
export function runContext(context: EventContext): RunContext {
  anObject(context, "The context of runContext()");
  const { type, bytes, objects = [] } = context;
  anObject(type, "The type of runContext()");
  aUint8Array(bytes, "The bytes of runContext()");
  someBytes(objects, "The objects of runContext()");
  const types = type.objects ?? [];
  if (bytes.length !== type.size || objects.length !== types.length) {
    throw new RangeError(
      `A context of ${type.size} bytes and ${types.length} objects cannot be made of ${bytes.length} bytes and ${objects.length} objects`,
    );
  }
  const made: RunContext = {
    bytes,
    readableFrom: type.hidden ?? 0,
    writable: type.writable ?? false,
    objects: types.map(({ at, size }, index) => ({ at, bytes: sized(objects[index]!, size) })),
  };
  checkContext(made);
  return made;
}

export function sameContext(one: ContextType, other: ContextType): boolean {
  return JSON.stringify(layout(one)) === JSON.stringify(layout(other));
}

function layout({ size, hidden = 0, writable = false, objects = [] }: ContextType): unknown[] {
  return [size, hidden, writable, ...objects.flatMap((object) => [object.at, object.size])];
}

function sized(bytes: Uint8Array, size: number): Uint8Array {
  if (bytes.length === size) return bytes;
  throw new RangeError(`An object of a context has ${size} bytes, not ${bytes.length}`);
}
