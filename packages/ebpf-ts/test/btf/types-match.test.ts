import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { BtfBuilder, parseBtf } from "../../src/btf/index.ts";
import { typesMatch } from "../../src/btf/core/types-match.ts";
import { RelocationProblem } from "../../src/btf/core/relocation-problem.ts";

/** Makes one type, and gives its id. */
type Make = (b: BtfBuilder) => number;

function matches(local: Make, target: Make): boolean {
  const [mine, theirs] = [new BtfBuilder(), new BtfBuilder()];
  const [a, b] = [local(mine), target(theirs)];
  return typesMatch(parseBtf(mine.bytes()), a, parseBtf(theirs.bytes()), b);
}

const int: Make = (b) => b.int("int", 4, "signed");
const uint: Make = (b) => b.int("unsigned int", 4);
const long: Make = (b) => b.int("long", 8, "signed");

const struct =
  (name: string, members: Record<string, Make>, kind: "struct" | "union" = "struct"): Make =>
  (b) => {
    const built = Object.entries(members).map(([member, make]) => ({
      name: member,
      type: make(b),
      bitOffset: 0,
      bitSize: 0,
    }));
    return b.add({ kind, name, size: 64, members: built });
  };
const pointer =
  (to: Make): Make =>
  (b) =>
    b.pointer(to(b));
const array =
  (of: Make, length: number): Make =>
  (b) =>
    b.array(of(b), length, int(b));
const forward =
  (name: string, of: "struct" | "union"): Make =>
  (b) =>
    b.add({ kind: "fwd", name, of });
const enumeration =
  (name: string, values: readonly string[], size = 4): Make =>
  (b) =>
    b.add({ kind: "enum", name, size, signed: false, values: values.map((each, value) => ({ name: each, value })) });
const enumeration64 =
  (name: string, values: readonly string[]): Make =>
  (b) =>
    b.add({
      kind: "enum64",
      name,
      size: 8,
      signed: false,
      values: values.map((each, value) => ({ name: each, value: BigInt(value) })),
    });
const prototype =
  (returns: Make, ...parameters: Make[]): Make =>
  (b) =>
    b.add({
      kind: "func_proto",
      returnType: returns(b),
      parameters: parameters.map((make) => ({ name: "", type: make(b) })),
    });
const nothing: Make = () => 0;

const cases: [string, boolean, Make, Make][] = [
  ["the same integers", true, int, int],
  ["integers of another size", false, int, long],
  ["integers of another sign, and name", false, int, uint],
  ["void", true, pointer(nothing), pointer(nothing)],
  ["void and an integer", false, pointer(nothing), pointer(int)],
  ["a part of the members, in any order", true, struct("s", { b: int }), struct("s", { a: long, b: int })],
  ["a flavor", true, struct("s___mine", { b: int }), struct("s", { b: int })],
  ["a member that is not there", false, struct("s", { c: int }), struct("s", { a: int, b: int })],
  ["more members than there are", false, struct("s", { a: int, b: int }), struct("s", { a: int })],
  ["a member of another type", false, struct("s", { a: int }), struct("s", { a: long })],
  ["a union for a struct", false, struct("s", { a: int }), struct("s", { a: int }, "union")],
  [
    "structs behind pointers, by name alone",
    true,
    struct("s", { p: pointer(struct("t", { x: int })) }),
    struct("s", { p: pointer(struct("t", { y: long })) }),
  ],
  [
    "structs behind pointers with another name",
    false,
    struct("s", { p: pointer(struct("t", {})) }),
    struct("s", { p: pointer(struct("u", {})) }),
  ],
  ["a struct that is only declared there", true, pointer(struct("t", { x: int })), pointer(forward("t", "struct"))],
  ["one that is only declared here", true, pointer(forward("t", "union")), pointer(struct("t", {}, "union"))],
  ["one that is declared as the other", false, pointer(forward("t", "union")), pointer(struct("t", {}))],
  ["declarations", true, forward("t", "struct"), forward("t", "struct")],
  ["arrays", true, array(int, 3), array(int, 3)],
  ["arrays of another length", false, array(int, 3), array(int, 4)],
  ["enums, by the names of a part", true, enumeration("e", ["B"]), enumeration("e", ["A", "B___x"])],
  ["enums with another name in them", false, enumeration("e", ["C"]), enumeration("e", ["A", "B"])],
  ["enums of another size", false, enumeration("e", ["A"], 4), enumeration("e", ["A"], 1)],
  ["enums of either kind", true, enumeration("e", ["A"], 8), enumeration64("e", ["A"])],
  ["functions", true, prototype(int, pointer(nothing)), prototype(int, pointer(nothing))],
  ["functions with another parameter", false, prototype(int, int), prototype(int, long)],
  ["functions with more parameters", false, prototype(int, int), prototype(int, int, int)],
  ["functions that give something else", false, prototype(int), prototype(long)],
  ["floats, of which libbpf knows nothing", false, (b) => b.add({ kind: "float", name: "f", size: 8 }), int],
];

describe("type_matches", () => {
  for (const [what, expected, local, target] of cases)
    test(`${what}: ${expected ? "match" : "do not match"}`, () => assert.equal(matches(local, target), expected));
});

test("what nests without end is refused", () => {
  const nested: Make = (b) => {
    let type = int(b);
    for (let depth = 0; depth < 40; depth += 1)
      type = b.add({
        kind: "struct",
        name: "s",
        size: 4,
        members: [{ name: "m", type, bitOffset: 0, bitSize: 0 }],
      });
    return type;
  };
  assert.throws(() => matches(nested, nested), RelocationProblem);
});
