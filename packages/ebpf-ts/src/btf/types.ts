/**
 * BTF types (kernel Documentation/bpf/btf.rst), decoded. A type is named by its id: its index in the table, 0 is `void`.
 * `kind` is the kernel's name of the kind in lower case. All sizes are bytes unless they say bits.
 */
export type BtfType =
  | BtfVoid
  | BtfInt
  | BtfReference
  | BtfArray
  | BtfComposite
  | BtfEnum
  | BtfEnum64
  | BtfForward
  | BtfTypedef
  | BtfFunction
  | BtfFunctionPrototype
  | BtfVariable
  | BtfDataSection
  | BtfFloat
  | BtfDeclTag
  | BtfTypeTag
  | BtfUnknown;

/** A type as {@link Btf.type} gives it, without its id. */
export type NewBtfType<T = Exclude<BtfType, BtfVoid | BtfUnknown>> = T extends { readonly id: number }
  ? Omit<T, "id">
  : never;

/** The kernel's names of the kinds (BTF_KIND_*), in lower case. */
export type BtfKind = BtfType["kind"];

/** Id 0: no type. */
export interface BtfVoid {
  readonly kind: "void";
  readonly id: number;
}
/** BTF_KIND_INT. `size` is bytes. */
export interface BtfInt {
  readonly kind: "int";
  readonly id: number;
  readonly name: string;
  readonly size: number;
  readonly encoding: "unsigned" | "signed" | "char" | "bool";
  /** Value bits, and where they begin; other than `size * 8` and 0 only in old compilers' bitfields. */
  readonly bits: number;
  readonly bitOffset: number;
}
/** A pointer or a qualifier of `type`. */
export interface BtfReference {
  readonly kind: "ptr" | "volatile" | "const" | "restrict";
  readonly id: number;
  readonly type: number;
}
/** BTF_KIND_ARRAY: `length` elements of `type`. */
export interface BtfArray {
  readonly kind: "array";
  readonly id: number;
  readonly type: number;
  readonly indexType: number;
  readonly length: number;
}
/** BTF_KIND_STRUCT or BTF_KIND_UNION. `size` is bytes, with the padding at its end. */
export interface BtfComposite {
  readonly kind: "struct" | "union";
  readonly id: number;
  /** Empty when anonymous. */
  readonly name: string;
  readonly size: number;
  readonly members: readonly BtfMember[];
}
/** A member of a struct or union; `bitOffset` counts bits from its start. */
export interface BtfMember {
  /** Empty for an anonymous struct or union, whose members belong to the parent. */
  readonly name: string;
  readonly type: number;
  readonly bitOffset: number;
  /** 0 when it is no bitfield. */
  readonly bitSize: number;
}
/** BTF_KIND_ENUM: values of 32 bits. `size` is bytes. */
export interface BtfEnum {
  readonly kind: "enum";
  readonly id: number;
  readonly name: string;
  readonly size: number;
  readonly signed: boolean;
  readonly values: readonly { readonly name: string; readonly value: number }[];
}
/** BTF_KIND_ENUM64 (Linux 6.0): values of 64 bits. */
export interface BtfEnum64 {
  readonly kind: "enum64";
  readonly id: number;
  readonly name: string;
  readonly size: number;
  readonly signed: boolean;
  readonly values: readonly { readonly name: string; readonly value: bigint }[];
}
/** BTF_KIND_FWD: a struct or union that is named and not defined. */
export interface BtfForward {
  readonly kind: "fwd";
  readonly id: number;
  readonly name: string;
  readonly of: "struct" | "union";
}
/** BTF_KIND_TYPEDEF: another name of `type`. */
export interface BtfTypedef {
  readonly kind: "typedef";
  readonly id: number;
  readonly name: string;
  readonly type: number;
}
/** BTF_KIND_FUNC: a function; `type` is its prototype. */
export interface BtfFunction {
  readonly kind: "func";
  readonly id: number;
  readonly name: string;
  readonly type: number;
  readonly linkage: "static" | "global" | "extern";
}
/** BTF_KIND_FUNC_PROTO. A last parameter of type 0 stands for `...`. */
export interface BtfFunctionPrototype {
  readonly kind: "func_proto";
  readonly id: number;
  readonly returnType: number;
  readonly parameters: readonly { readonly name: string; readonly type: number }[];
}
/** BTF_KIND_VAR: a global variable. */
export interface BtfVariable {
  readonly kind: "var";
  readonly id: number;
  readonly name: string;
  readonly type: number;
  readonly linkage: "static" | "global" | "extern";
}
/** BTF_KIND_DATASEC: a section of variables; `type` is that of a `var`, `offset` and `size` are bytes. */
export interface BtfDataSection {
  readonly kind: "datasec";
  readonly id: number;
  readonly name: string;
  /** 0 in an object file: the ELF section knows better. */
  readonly size: number;
  readonly variables: readonly { readonly type: number; readonly offset: number; readonly size: number }[];
}
/** BTF_KIND_FLOAT (Linux 5.13). `size` is bytes. */
export interface BtfFloat {
  readonly kind: "float";
  readonly id: number;
  readonly name: string;
  readonly size: number;
}
/** `componentIndex` is the member or parameter that it tags; -1 for the whole type. */
export interface BtfDeclTag {
  readonly kind: "decl_tag";
  readonly id: number;
  readonly name: string;
  readonly type: number;
  readonly componentIndex: number;
}
/** BTF_KIND_TYPE_TAG (Linux 5.17): `__attribute__((btf_type_tag("name")))` on a pointer to `type`. */
export interface BtfTypeTag {
  readonly kind: "type_tag";
  readonly id: number;
  readonly name: string;
  readonly type: number;
}

/** Of a kind that was invented later, or that says of itself what cannot be: it stands in the table, and nothing is known of it. */
export interface BtfUnknown {
  readonly kind: "unknown";
  readonly id: number;
  readonly name: string;
  /** BTF_KIND_* */
  readonly number: number;
}

/**
 * A table of types. Types are decoded when first asked for, so that the kernel's own 100,000 types cost little.
 * Implemented by what `parseBtf` returns.
 */
export interface Btf {
  /** One more than the largest id. */
  readonly length: number;
  /** The type with that id. Throws `EbpfError` BAD_BTF when there is none. */
  type(id: number): BtfType;
  /** All types with that C name (`event`, not `struct event`), of that kind if given. */
  find(name: string, kind?: BtfKind): readonly BtfType[];
  /** The same, and those whose name goes on with a `___flavor`, as CO-RE has it. */
  findFlavors(name: string): readonly BtfType[];
  /** Follows typedefs, qualifiers and type tags. */
  resolve(id: number): BtfType;
  /** Size in bytes. Throws when the type has none (a function, `void`, a forward declaration). */
  sizeOf(id: number): number;
  /** How C writes the type: `struct event *`, `char[16]`. */
  nameOf(id: number): string;
  /** A string of the string section, for `.BTF.ext`. */
  string(offset: number): string;
  /** The section as it stood in the file. */
  readonly bytes: Uint8Array;
  /** All types in order, as plain data. */
  toJSON(): unknown;
}

/** One entry of `.BTF.ext` line info. */
export interface LineInfo {
  /** Slot in the function that it belongs to. */
  slot: number;
  file: string;
  /** 1-based; 0 when unknown. */
  line: number;
  column: number;
  /** The text of the line as clang saw it. */
  text: string;
  /** Offsets of file and text in the BTF string section, for the kernel. */
  fileOffset: number;
  textOffset: number;
}

/** One CO-RE relocation (`struct bpf_core_relo`), kinds as in `enum bpf_core_relo_kind`. */
export interface CoreRelocation {
  slot: number;
  /** Root type in the object's BTF. */
  type: number;
  /** Such as `0:2:1`. */
  access: string;
  /** 0 field_byte_offset, 1 field_byte_size, 2 field_exists, 3 field_signed, 4 field_lshift_u64, 5 field_rshift_u64, 6.. types and enums. */
  kind: number;
}
