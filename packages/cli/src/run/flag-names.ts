import type { Btf } from "ebpf-ts/btf";

type Values = readonly { readonly name: string; readonly value: number | bigint }[];

/** Of all flags together; wider ones are rare, and move what stands behind them. */
const widest = 24;
/** An enum with more names than this is no set of flags that anybody combines. */
const mostFlags = 64;

function flagsOf(values: Values): { readonly name: string; readonly bit: bigint }[] {
  if (values.length > mostFlags) return [];
  return values
    .map(({ name, value }) => ({ name, bit: BigInt(value ?? 0) }))
    .filter(({ bit }) => bit > 0n && (bit & (bit - 1n)) === 0n);
}

/** Room for the names of all flags of an enum; undefined where its values are no flags. */
export function flagsWidth(values: Values): number | undefined {
  const flags = flagsOf(values);
  // A value that is no bit, beside 0, says that they are counted.
  if (flags.length < 3 || values.some(({ value }) => !isFlag(BigInt(value ?? 0)))) return undefined;
  return Math.min(
    widest,
    flags.reduce((width, { name }) => width + name.length + 1, -1),
  );
}

function isFlag(value: bigint): boolean {
  return value === 0n || (value > 0n && (value & (value - 1n)) === 0n);
}

/** The names of a number that is no value of an enum, but a sum of some: `READ|WRITE`. Undefined for all else. */
export function flagNames(btf: Btf, id: number): (value: unknown) => string | undefined {
  const type = btf.resolve(id);
  if (type.kind !== "enum" && type.kind !== "enum64") return () => undefined;
  const flags = flagsOf(type.values);
  // One bit alone is a number like any other.
  if (flags.length < 2) return () => undefined;
  return (value) => {
    if (typeof value !== "number" && typeof value !== "bigint") return undefined;
    let rest = BigInt(value);
    if (rest <= 0n) return undefined;
    const names: string[] = [];
    for (const { name, bit } of flags) {
      if ((rest & bit) === 0n) continue;
      names.push(name);
      rest &= ~bit;
    }
    if (names.length === 0) return undefined;
    return rest === 0n ? names.join("|") : [...names, `0x${rest.toString(16)}`].join("|");
  };
}
