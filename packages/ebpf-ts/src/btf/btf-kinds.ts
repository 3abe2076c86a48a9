/**
 * BTF_KIND_* (uapi linux/btf.h): what every record begins with, and how long it is.
 * A record is 12 bytes (name offset, info, size or type), then what its kind adds: a fixed part and one per `vlen`.
 */
export interface KindShape {
  readonly fixed: number;
  readonly each: number;
}

export const Kind = {
  int: 1,
  ptr: 2,
  array: 3,
  struct: 4,
  union: 5,
  enum: 6,
  fwd: 7,
  typedef: 8,
  volatile: 9,
  const: 10,
  restrict: 11,
  func: 12,
  func_proto: 13,
  var: 14,
  datasec: 15,
  float: 16,
  decl_tag: 17,
  type_tag: 18,
  enum64: 19,
} as const;

export type KindName = keyof typeof Kind;

/** Names by number; 0 is `void`, which has no record. */
export const kindNames: readonly ("void" | KindName)[] = ["void", ...(Object.keys(Kind) as KindName[])];

export const recordHeader = 12;

const none: KindShape = { fixed: 0, each: 0 };

/** By number. */
export const kindShapes: readonly KindShape[] = kindNames.map((name) => {
  switch (name) {
    case "int":
    case "var":
    case "decl_tag":
      return { fixed: 4, each: 0 };
    case "array":
      return { fixed: 12, each: 0 };
    case "struct":
    case "union":
    case "datasec":
    case "enum64":
      return { fixed: 0, each: 12 };
    case "enum":
    case "func_proto":
      return { fixed: 0, each: 8 };
    default:
      return none;
  }
});

/** The `info` word: `vlen` in bits 0..23, the kind in 24..30, a flag in bit 31 (before Linux 7.1 bits 0..15 and 24..28, the rest 0). */
export function kindOf(info: number): number {
  return (info >>> 24) & 0x7f;
}

export function vlenOf(info: number): number {
  return info & largestVlen;
}

export function flagOf(info: number): boolean {
  return info >>> 31 === 1;
}

/** BTF_MAX_VLEN */
export const largestVlen = 0xff_ffff;

/** BTF_MAX_TYPE */
export const mostTypes = 0xf_ffff;
