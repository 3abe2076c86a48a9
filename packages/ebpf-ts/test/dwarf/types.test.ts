import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { describe, test } from "node:test";
import { BtfBuilder, parseBtf, validateBtf } from "../../src/btf/index.ts";
import type { Btf, BtfComposite } from "../../src/btf/index.ts";
import { BtfMaker, Dwarf } from "../../src/dwarf/index.ts";
import { parseElf } from "../../src/elf/parse-elf.ts";
import { compile, compilerOrSkip } from "../support/compile.ts";
import { fixturePath } from "../support/fixtures.ts";

/** Sources whose types are of all kinds. clang writes them twice: as BTF, and as DWARF. */
const sources = [
  ...readdirSync(fixturePath("record-types"))
    .filter((name) => name.endsWith(".c"))
    .map((name) => `record-types/${name}`),
  "codec.bpf.c",
  "core.bpf.c",
  "core-shapes.bpf.c",
];

/** How a struct is laid out, and what its members are. */
function layout(btf: Btf, { kind, size, members }: BtfComposite): unknown {
  const each = members.map((member) => [
    member.name,
    member.bitOffset,
    member.bitSize,
    // What is only named in one table may be whole in the other. What pointers point to is not laid out, and an array has no name.
    btf
      .nameOf(member.type)
      .replace(/\b(const|volatile|restrict) /g, "")
      .replace(/^.*\(\*\)\[\d*\]$/, "void *"),
  ]);
  return { kind, size, members: each };
}

describe("types made of DWARF are those that clang writes as BTF", { skip: compilerOrSkip() }, () => {
  for (const source of sources) {
    for (const flags of [[], ["-gdwarf-4"]]) {
      test(`${source} ${flags.join(" ")}`, () => {
        const elf = parseElf(compile(fixturePath(source), { flags }));
        const own = parseBtf(elf.sections.find(({ name }) => name === ".BTF")!.data);
        const { types } = new Dwarf(elf);
        const builder = new BtfBuilder();
        const maker = new BtfMaker(types, builder);
        const ids = new Map(types.names().map((name) => [name, types.named(name).map((type) => maker.add(type))]));
        const made = parseBtf(builder.bytes());
        validateBtf(made);
        let compared = 0;
        for (let id = 1; id < own.length; id++) {
          const type = own.type(id);
          if ((type.kind !== "struct" && type.kind !== "union") || type.name === "") continue;
          const same = ids.get(type.name)?.map((each) => made.resolve(each));
          // What DWARF does not have, nothing of the code uses.
          if (same === undefined) continue;
          const layouts = same.flatMap((each) =>
            each.kind === "struct" || each.kind === "union" ? [layout(made, each)] : [],
          );
          const wanted = JSON.stringify(layout(own, type));
          assert.ok(
            layouts.some((each) => JSON.stringify(each) === wanted),
            `${type.name}: ${wanted}, not ${JSON.stringify(layouts)}`,
          );
          compared += 1;
        }
        assert.ok(compared > 0 || !source.startsWith("core"));
      });
    }
  }
});
