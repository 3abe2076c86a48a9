import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { contextShape, findProgramKind, kindOfSection, sectionUsage } from "../../src/kinds/find-program-kind.ts";
import { programKinds } from "../../src/kinds/program-kinds.ts";
import { parseSectionName } from "../../src/spec/section-name.ts";
import { ProgType } from "../../src/uapi/uapi.gen.ts";

const kind = fc.constantFrom(...programKinds);
const rest = fc.stringMatching(/^[\w./:+*-]{1,40}$/);

test("every kind is found by its name, and by every section that begins with it", () => {
  fc.assert(
    fc.property(kind, rest, (row, text) => {
      assert.equal(findProgramKind(row.name), row);
      assert.equal(kindOfSection(row.name), row);
      if (row.rest !== undefined) assert.equal(kindOfSection(`${row.name}/${text}`), row);
    }),
  );
});

test("what a section is parsed to says again all that its row says", () => {
  fc.assert(
    fc.property(kind, rest, fc.boolean(), (row, text, autoload) => {
      const attachTo = row.rest === undefined ? "" : text;
      const section = `${autoload ? "" : "?"}${row.name}${attachTo === "" ? "" : `/${attachTo}`}`;
      const { name, type, attachType, sleepable } = row;
      assert.deepEqual(parseSectionName(section), { kind: name, type, attachType, sleepable, attachTo, autoload });
    }),
  );
});

test("rows agree with one another", () => {
  for (const row of programKinds) {
    assert.match(row.since, /^[3-7]\.\d+$/, row.name);
    assert.deepEqual(row.context, contextShape(row.type), `${row.name}: the context goes by the type`);
    assert.equal(row.attaches === "never", ["nothing", "devmap", "cpumap", "struct_ops"].includes(row.place), row.name);
    if (row.attaches === "as named") assert.notEqual(row.rest, undefined, row.name);
    if (row.name.endsWith(".s")) assert.deepEqual({ ...row, since: "" }, { ...twinOf(row.name), sleepable: true });
  }
});

/** The row of the same programs that may not sleep. */
function twinOf(name: string): object {
  return { ...findProgramKind(name.slice(0, -2)), name, since: "" };
}

test("what is known of a few kinds", () => {
  const { place, rest: names, atReturn, attaches } = findProgramKind("uretprobe.s")!;
  assert.deepEqual([place, names, atReturn, attaches], ["uprobe", "/path:symbol", true, "as named"]);
  assert.equal(sectionUsage(findProgramKind("tp")!), "tp/<category>/<name>");
  assert.equal(sectionUsage(findProgramKind("xdp")!), "xdp");
  assert.equal(findProgramKind("tp_btf")!.kernelType?.prefix, "btf_trace_");
  assert.equal(findProgramKind("xdp")!.attaches, "when told");
  assert.equal(findProgramKind("nonsense"), undefined);
  assert.deepEqual(contextShape(ProgType.TRACEPOINT), { of: "bytes", size: 64, hidden: 8, writable: false });
  assert.equal(contextShape(ProgType.SYSCALL).writable, true);
  assert.equal(contextShape(ProgType.XDP).of, "packet");
});
