import type { AttachTarget } from "../attach/attach-targets.gen.ts";
import type { BpfMap } from "../map/bpf-map.ts";
import type { RingBuf } from "../map/ring-buf.ts";
import type { UserRingBuf } from "../map/user-ring-buf.ts";
import type { Variable } from "../map/variable.ts";
import type { Program } from "../program/program.ts";
import type { KconfigValue } from "../spec/kconfig-value.ts";

/**
 * What may be given for a value that reads as `T`. Encoders are more lenient than decoders: members that are left out are zero, 64 bits may
 * be a safe number, text and bytes may be a `Uint8Array`.
 */
export type Given<T> = T extends bigint
  ? bigint | number
  : T extends string
    ? string extends T
      ? string | Uint8Array
      : T
    : T extends number | boolean | undefined
      ? T
      : T extends Uint8Array
        ? Uint8Array | readonly number[]
        : T extends readonly (infer Element)[]
          ? readonly Given<Element>[]
          : T extends object
            ? { readonly [Member in keyof T]?: Given<T[Member]> | undefined }
            : T;

/**
 * What an object has, by name and with types: what `ebpf gen` writes, for {@link TypedCollection}. `maps` has keys and values, queues and filters;
 * `rings` are those that programs write, `userRings` those that user space does.
 */
export interface ObjectDescription {
  readonly maps: object;
  readonly rings: object;
  readonly userRings: object;
  readonly variables: object;
  readonly programs: object;
}

/** A map that reads `K` and `V`, and takes whatever can be written as `V`. */
export type MapOf<K, V> = BpfMap<K, V, V, Given<V>>;

/** A per-CPU map: reading gives every possible CPU's value. */
export type PerCpuMapOf<K, V> = BpfMap<K, V, V[], Given<V>>;

/** A ring that programs write. */
export type RingOf<T> = RingBuf<T, Given<T>>;

/** A ring that user space writes. */
export type UserRingOf<T> = UserRingBuf<Given<T>>;

/** A global variable that reads `T`. */
export type VariableOf<T> = Variable<T, Given<T>>;

/** A `const volatile` variable, which only `load()` sets. */
export type ConstantOf<T> = Pick<
  Variable<T>,
  "name" | "readOnly" | "section" | "size" | "get" | "view" | "field" | "load"
>;

/** A setting of the kernel (`__kconfig`), which the kernel says, or `load()` in its option `kconfig`. */
export type SettingOf<T> = Omit<ConstantOf<T>, "section"> & { readonly section: ".kconfig" };

/** A program that attaches to places of those kinds, and whose context, for a run by hand, is a struct that reads as `Context`. */
export type ProgramOf<Place extends AttachTarget["kind"] = never, Context = never> = Program<
  Given<Context>,
  Extract<AttachTarget, { readonly kind: Place }>
>;

/** First values of variables, by name. */
export type VariableValues<Variables> = {
  readonly [
    Name in keyof Variables as Variables[Name] extends { readonly section: ".kconfig" } ? never : Name
  ]?: Variables[Name] extends { get(): infer T } ? Given<T> : never;
};

/** Settings of the kernel, by name. */
export type SettingValues<Variables> = {
  readonly [
    Name in keyof Variables as Variables[Name] extends { readonly section: ".kconfig" } ? Name : never
  ]?: KconfigValue;
};
