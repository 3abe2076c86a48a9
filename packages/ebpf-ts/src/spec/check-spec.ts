import { checkMembers, list, maybe, type MemberChecks, membersOf, u32 } from "../base/check-members.ts";
import {
  aBigInt,
  aBoolean,
  anArray,
  anObject,
  aString,
  aUint8Array,
  type Check,
  integer,
  oneOf,
  strings,
} from "../base/checks.ts";
import { someRelocations } from "../btf/checks/some-relocations.ts";
import { aBtf, aTypeId } from "../btf/checks/a-btf.ts";
import type { Btf, LineInfo } from "../btf/types.ts";
import { someInstructions } from "../insn/check-instructions.ts";
import type {
  CollectionSpec,
  FunctionSpec,
  MapSpec,
  MemberProgram,
  ProgramSpec,
  Reference,
  VariableSpec,
} from "./types.ts";

const aSlot = integer(0, 2 ** 31 - 1);

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
  keyType: aTypeId,
  valueType: aTypeId,
  recordType: aTypeId,
  recordReason: maybe(aString),
  recordFound: maybe(membersOf<NonNullable<MapSpec["recordFound"]>>({ type: aTypeId, by: aString })),
  recordSaid: maybe((value, what) => {
    if (typeof value !== "function") membersOf<{ btf: Btf; type: number }>({ btf: aBtf, type: aTypeId })(value, what);
  }),
  inner: maybe((value, what) => checkMembers(value, mapChecks, what)),
  slots: list(membersOf<MapSpec["slots"][number]>({ index: u32, name: aString })),
  section: maybe(aString),
  contents: maybe(aUint8Array),
  readOnly: aBoolean,
  ops: maybe(list(membersOf<MemberProgram>({ member: aString, program: aString }))),
  autoload: maybe(aBoolean),
  autoattach: maybe(aBoolean),
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
    type: aTypeId,
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

const functionChecks: MemberChecks<FunctionSpec> = {
  name: aString,
  section: aString,
  instructions: someInstructions,
  references: list(aReference),
  btfFunction: aTypeId,
  lines: list(membersOf(lineChecks)),
  coreRelocations: someRelocations,
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
  autoattach: maybe(aBoolean),
};

const variableChecks: MemberChecks<VariableSpec> = {
  name: aString,
  section: aString,
  offset: u32,
  size: u32,
  type: aTypeId,
  readOnly: aBoolean,
  extern: maybe(oneOf("strong", "weak")),
};

export function checkMap(map: MapSpec, what: string): void {
  checkMembers(map, mapChecks, what);
}

export function checkFunction(fn: FunctionSpec, what: string): void {
  checkMembers(fn, functionChecks, what);
}

/** A function of a spec, or an assembled program: what stands in it as code. */
export function checkCode(fn: Pick<FunctionSpec, "instructions" | "references" | "lines">, what: string): void {
  const { instructions, references, lines } = functionChecks;
  checkMembers(fn, { instructions, references, lines }, what);
}

/** The lists of a spec, and nothing of what stands in them. */
export const aSpec: Check = (value, what) => {
  anObject(value, what);
  for (const name of ["maps", "programs", "functions", "variables"] as const)
    anArray((value as CollectionSpec)[name], `The list ${name} of ${what.replace(/^The /, "the ")}`);
};

/** A spec may have been edited, or made by hand: throws a TypeError or RangeError that names the member which cannot be loaded. */
export function checkSpec(spec: CollectionSpec): void {
  aSpec(spec, "The spec");
  aString(spec.license, "The license of the spec");
  maybe(aBtf)(spec.btf, "The btf of the spec");
  maybe(strings)(spec.findings, "The findings of the spec");
  checkAll(spec.maps, mapChecks, "maps");
  for (const map of spec.maps) checkContents(map);
  checkAll(spec.programs, programChecks, "programs");
  checkAll(spec.functions, functionChecks, "functions");
  checkAll(spec.variables, variableChecks, "variables");
}

/** Of a map that counts no values, such as an arena, they have the room that there is. */
function checkContents({ name, valueSize, contents }: MapSpec): void {
  if (contents === undefined || valueSize === 0 || contents.length <= valueSize) return;
  throw new RangeError(`The contents of map ${name} have ${contents.length} bytes, and its value ${valueSize}`);
}

function checkAll<T>(members: readonly T[], checks: MemberChecks<T>, name: string): void {
  list(membersOf(checks))(members, `spec.${name}`);
}
