import {
  anArray,
  anObject,
  aBigInt,
  aBoolean,
  aString,
  aUint8Array,
  type Check,
  integer,
  oneOf,
  showValue,
  strings,
  wrongKind,
} from "../base/checks.ts";
import type { Btf, CoreRelocation, LineInfo } from "../btf/types.ts";
import type { Instruction } from "../insn/instruction.ts";
import type { CollectionSpec, FunctionSpec, MapSpec, ProgramSpec, Reference, VariableSpec } from "./types.ts";

/** What a member must be; those that may be undefined are `maybe`. */
type MemberChecks<T> = { readonly [Name in keyof T]-?: Check };

const maybe =
  (check: Check): Check =>
  (value, what) => {
    if (value !== undefined) check(value, what);
  };

const u32 = integer(0, 2 ** 32 - 1);
/** A BTF id, 0 for none. */
const anId = integer(0, 2 ** 31 - 1);
const aSlot = integer(0, 2 ** 31 - 1);

/** The name of an element is made when it is wrong: an object has a million instructions. */
const list =
  (each: Check): Check =>
  (value, what) => {
    anArray(value, what);
    (value as unknown[]).forEach((element, index) => {
      try {
        each(element, what);
      } catch {
        each(element, `${what}[${index}]`);
      }
    });
  };

const membersOf =
  <T>(checks: MemberChecks<T>): Check =>
  (value, what) =>
    checkMembers(value, checks, what);

const aBtf: Check = (value, what) => {
  if (
    typeof (value as { type?: unknown } | null)?.type !== "function" ||
    !((value as { bytes?: unknown }).bytes instanceof Uint8Array)
  )
    throw wrongKind(what, "types as parse() or parseBtf() gives them", value);
};

const mapChecks: MemberChecks<MapSpec> = {
  name: aString,
  type: u32,
  keySize: u32,
  valueSize: u32,
  maxEntries: u32,
  flags: u32,
  mapExtra: aBigInt,
  numaNode: maybe(u32),
  pinning: oneOf("none", "by-name"),
  pinPath: maybe(aString),
  keyType: anId,
  valueType: anId,
  recordType: anId,
  recordReason: maybe(aString),
  recordFound: maybe(membersOf<NonNullable<MapSpec["recordFound"]>>({ type: anId, by: aString })),
  recordSaid: maybe((value, what) => {
    if (typeof value !== "function") membersOf<{ btf: Btf; type: number }>({ btf: aBtf, type: anId })(value, what);
  }),
  inner: maybe((value, what) => checkMembers(value, mapChecks, what)),
  slots: list(membersOf<MapSpec["slots"][number]>({ index: u32, name: aString })),
  section: maybe(aString),
  contents: maybe(aUint8Array),
  readOnly: aBoolean,
};

const instructionChecks: MemberChecks<Instruction> = {
  opcode: integer(0, 0xff),
  dst: integer(0, 15),
  src: integer(0, 15),
  offset: integer(-0x8000, 0x7fff),
  imm: integer(-(2 ** 31), 2 ** 31 - 1),
};

type ReferenceChecks = { readonly [Kind in Reference["kind"]]: MemberChecks<Extract<Reference, { kind: Kind }>> };

const place = { slot: aSlot, kind: aString };
const referenceChecks: ReferenceChecks = {
  map: { ...place, map: aString },
  "map-value": { ...place, map: aString, offset: integer(-(2 ** 31), 2 ** 31 - 1) },
  call: { ...place, function: aString },
  function: { ...place, function: aString },
  extern: {
    ...place,
    name: aString,
    section: oneOf(".kconfig", ".ksyms"),
    weak: aBoolean,
    type: anId,
    size: u32,
  },
};

/** Its members depend on its kind; one that does not fit its slot is refused when programs are assembled. */
const aReference: Check = (value, what) => {
  anObject(value, what);
  const { kind } = value as Reference;
  oneOf(...Object.keys(referenceChecks))(kind, `The kind of ${what}`);
  checkMembers(value, referenceChecks[kind] as MemberChecks<unknown>, what);
};

const lineChecks: MemberChecks<LineInfo> = {
  slot: aSlot,
  file: aString,
  line: u32,
  column: u32,
  text: aString,
  fileOffset: u32,
  textOffset: u32,
};

const relocationChecks: MemberChecks<CoreRelocation> = { slot: aSlot, type: anId, access: aString, kind: u32 };

const functionChecks: MemberChecks<FunctionSpec> = {
  name: aString,
  section: aString,
  instructions: list(membersOf(instructionChecks)),
  references: list(aReference),
  btfFunction: anId,
  lines: list(membersOf(lineChecks)),
  coreRelocations: list(membersOf(relocationChecks)),
  linkage: oneOf("static", "global", "weak"),
};

const programChecks: MemberChecks<ProgramSpec> = {
  ...functionChecks,
  type: u32,
  attachType: maybe(u32),
  attachTo: aString,
  kind: aString,
  sleepable: aBoolean,
  autoload: aBoolean,
};

const variableChecks: MemberChecks<VariableSpec> = {
  name: aString,
  section: aString,
  offset: u32,
  size: u32,
  type: anId,
  readOnly: aBoolean,
  extern: maybe(oneOf("strong", "weak")),
};

/** A spec may have been edited, or made by hand: throws a TypeError or RangeError that names the member which cannot be loaded. */
export function checkSpec(spec: CollectionSpec): void {
  aString(spec.license, "The license of the spec");
  maybe(aBtf)(spec.btf, "The btf of the spec");
  maybe(strings)(spec.findings, "The findings of the spec");
  checkAll(spec.maps, mapChecks, "maps");
  checkAll(spec.programs, programChecks, "programs");
  checkAll(spec.functions, functionChecks, "functions");
  checkAll(spec.variables, variableChecks, "variables");
}

function checkAll<T>(members: readonly T[], checks: MemberChecks<T>, name: string): void {
  list(membersOf(checks))(members, `spec.${name}`);
}

function checkMembers<T>(value: unknown, checks: MemberChecks<T>, what: string): void {
  anObject(value, what);
  for (const member in checks) {
    const given = (value as T)[member];
    try {
      checks[member](given, member);
    } catch {
      checks[member](given, `The ${member} of ${nameOf(value, what)}`);
    }
  }
}

/** For people, who know names better than indices. */
function nameOf(value: unknown, what: string): string {
  const { name } = value as { readonly name?: unknown };
  return typeof name === "string" ? `${what} (${showValue(name)})` : what;
}
