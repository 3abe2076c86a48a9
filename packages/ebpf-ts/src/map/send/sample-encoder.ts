import { EbpfError } from "../../base/errors.ts";

/** Writes a value at `offset`, all of its bytes: those that {@link SampleEncoder.sizeFor} told. */
export interface SampleEncoder<T> {
  readonly size: number;
  /** Bytes that this value takes, where values differ. */
  sizeFor?(value: T): number;
  encode(value: T, view: DataView, offset: number, size?: number): void;
}

export function sizeOf<T>(encoder: SampleEncoder<T>, value: T): number {
  return encoder.sizeFor === undefined ? encoder.size : encoder.sizeFor(value);
}

/** Of a ring whose samples have no known type: it takes bytes, which no encoder sees. */
export function noEncoder<T>(ring: string): SampleEncoder<T> {
  const refuse = (): never => {
    throw new EbpfError(
      "BAD_VALUE",
      `Cannot send to ring ${ring}: its samples have no known type, so it takes a Uint8Array`,
    );
  };
  return { size: 0, sizeFor: refuse, encode: refuse };
}
