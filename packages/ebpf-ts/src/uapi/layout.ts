/**
 * Where the fields of the kernel's structs stand: the form of structs.gen.ts, and its types. Offsets are bytes from the start of the
 * struct, also those of fields in a struct within; `end` is the byte after the field.
 */
export interface Layout {
  /** The kernel's name. */
  readonly name: string;
  readonly size: number;
  readonly fields: LayoutFields;
}

export interface LayoutFields {
  readonly [name: string]: Field;
}

export type Field = NumberField | BitsField | BytesField | TextField | StructField;

interface Place {
  readonly at: number;
  readonly end: number;
}

/** Pointers are u64, as the kernel's interface has them. */
export interface NumberField extends Place {
  readonly kind: "u8" | "u16" | "u32" | "u64" | "s8" | "s16" | "s32" | "s64";
}

/** `width` bits of the number that stands there, `shift` bits from its lowest. */
export interface BitsField extends Place {
  readonly kind: "bits";
  readonly shift: number;
  readonly width: number;
}

/** An array. */
export interface BytesField extends Place {
  readonly kind: "bytes";
}

/** A `char[]` that ends with a NUL. */
export interface TextField extends Place {
  readonly kind: "text";
}

export interface StructField extends Place {
  readonly kind: "struct";
  readonly fields: LayoutFields;
}

/** The fields of one number each, those of structs within included. */
export type NumbersOf<F extends LayoutFields> = {
  [Name in keyof F]: F[Name] extends { readonly fields: infer Within extends LayoutFields }
    ? NumbersOf<Within>
    : Extract<F[Name], NumberField>;
}[keyof F];

/** What fields take: those that are named, the others stay as they are. `Target` is what a pointer may be given as. */
export type ValuesFor<F extends LayoutFields, Target = never> = {
  readonly [Name in keyof F]?: ValueFor<F[Name], Target> | undefined;
};

type ValueFor<F extends Field, Target> = F extends { readonly fields: infer Within extends LayoutFields }
  ? ValuesFor<Within, Target>
  : F extends { readonly kind: "u64" | "s64" }
    ? number | bigint | Target
    : F extends NumberField | BitsField
      ? number
      : Uint8Array;

/** What fields hold. */
export type ValuesOf<F extends LayoutFields> = { readonly [Name in keyof F]: ValueOf<F[Name]> };

type ValueOf<F extends Field> = F extends { readonly fields: infer Within extends LayoutFields }
  ? ValuesOf<Within>
  : F extends { readonly kind: "u64" | "s64" }
    ? bigint
    : F extends NumberField | BitsField
      ? number
      : F extends TextField
        ? string
        : Uint8Array;
