import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Btf, BtfBuilder, parseBtf } from "ebpf-ts/btf";
import { columnsOf, eventLine, headingLine, plainColumn } from "../src/run/columns.ts";
import { jsonText, parseJson } from "../src/output/json.ts";
import { printable, printableLines } from "../src/output/text.ts";
import { control } from "./support.ts";

const everything =
  Array.from({ length: 0x3000 }, (_, code) => String.fromCharCode(code)).join("") + "\ud800 \udc00 🙂 \u{e0041}";

describe("text for a terminal", () => {
  it("obeys nobody", () => {
    assert.doesNotMatch(printable(everything), control);
    assert.doesNotMatch(printableLines(everything), control);
    assert.equal(printable("a\x1b[31mb\x7f\u009bc\u202ed\u2028e\n"), "a\\x1b[31mb\\x7f\\x9bc\\u{202e}d\\u{2028}e\\x0a");
    assert.equal(printable("grün 日本語 🙂"), "grün 日本語 🙂");
    assert.equal(printableLines("a\tb\x1b\n c\r\nd\re"), "a\tb\\x1b\n c\nd\\x0de");
  });

  it("JSON is valid, and means the same", () => {
    const value = { everything, [everything]: [1n, 2n ** 63n, new Uint8Array([1, 255])] };
    const text = jsonText(value);
    assert.doesNotMatch(text, control);
    assert.equal(text.includes("\n"), false);
    const read = JSON.parse(text);
    assert.equal(read.everything, everything);
    assert.deepEqual(read[everything], [1, "9223372036854775808", "01ff"]);
  });
});

describe("JSON of the command line", () => {
  it("keeps integers that a double cannot hold", () => {
    assert.deepEqual(
      parseJson('{"a":18446744073709551615,"b":[-9007199254740993,9007199254740991],"c":"12345678901234567890"}'),
      {
        a: 18446744073709551615n,
        b: [-9007199254740993n, 9007199254740991],
        c: "12345678901234567890",
      },
    );
    assert.equal(parseJson("9007199254740993"), 9007199254740993n);
    assert.equal(parseJson("1234567890123456.5"), 1234567890123456.5);
    assert.equal(parseJson("12345678901234567e3"), Number("12345678901234567e3"));
    assert.equal(parseJson('"a\\"12345678901234567890"'), 'a"12345678901234567890');
  });

  it("is refused where JSON.parse refuses", () => {
    for (const text of ["", "{", "01234567890123456789", "[12345678901234567890,]", "'a'"])
      assert.throws(() => parseJson(text), SyntaxError, text);
  });
});

describe("columns", () => {
  const columns = [plainColumn("NAME", ["name"], 8), plainColumn("N", ["n"], 3)];

  it("stand one below the other, also behind characters that take two columns, or none", () => {
    assert.equal(headingLine(columns), "NAME     N");
    assert.equal(eventLine(columns, { name: "plain", n: 1 }), "plain    1");
    assert.equal(eventLine(columns, { name: "日本", n: 1 }), "日本     1");
    assert.equal(eventLine(columns, { name: "e\u0301te", n: 1 }), "e\u0301te      1");
    assert.equal(eventLine(columns, { name: "🙂", n: 1 }), "🙂       1");
  });

  it("are empty for a record of another type that the ring has", () => {
    const builder = new BtfBuilder();
    const number = builder.int("unsigned int", 4);
    const named = builder.struct("named", 4, [{ name: "length", type: number, offset: 0 }]);
    const btf = parseBtf(builder.bytes());
    const both = [...columnsOf(btf, named), ...columnsOf(btf, number)];
    assert.equal(headingLine(both), "LENGTH     VALUE");
    assert.equal(eventLine(both, { length: 7 }), "7");
    assert.equal(eventLine(both, 5), "           5");
    assert.equal(eventLine(both, "text"), "           text");
    assert.equal(eventLine(both, [5, 6]), "           [5,6]");
  });

  it("are not more than anybody reads, however structs are nested", () => {
    const builder = new BtfBuilder();
    const wide = (inner: number, size: number): number => {
      const members = Array.from({ length: 50 }, (_, index) => ({
        name: `m${index}\x1b`,
        type: inner,
        offset: index * size,
      }));
      return builder.struct("wide", 50 * size, members);
    };
    const flat = wide(builder.int("unsigned int", 4), 4);
    const deep = wide(wide(wide(flat, 200), 10_000), 500_000);
    const btf = parseBtf(builder.bytes());
    assert.equal(columnsOf(btf, flat).length, 50);
    const many = columnsOf(btf, deep);
    assert.ok(many.length <= 64);
    assert.doesNotMatch(headingLine(many), control);
  });

  it("of an enum with more names than a call has arguments", () => {
    const values = Array.from({ length: 200_000 }, () => ({ name: "NAME" }));
    const btf = { resolve: () => ({ kind: "enum", values }) } as unknown as Btf;
    assert.equal(columnsOf(btf, 1)[0]?.width, 5);
  });
});
