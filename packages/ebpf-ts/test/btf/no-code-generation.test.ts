import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";

const index = new URL("../../src/btf/index.js", import.meta.url).href;

/** As under a browser's content security policy. */
const script = `
import { BtfBuilder, makeDecoder, makeEncoder, parseBtf } from ${JSON.stringify(index)};
let forbidden = false;
try { new Function(""); } catch { forbidden = true; }
const builder = new BtfBuilder();
const int = builder.int("int", 4, "signed");
const id = builder.struct("sample", 8, [{ name: "a", type: int, offset: 0 }, { name: "b", type: int, offset: 4 }]);
const btf = parseBtf(builder.bytes());
const view = new DataView(new ArrayBuffer(8));
makeEncoder(btf, id).encode({ a: 1, b: -2 }, view, 0);
console.log(JSON.stringify({ forbidden, value: makeDecoder(btf, id).decode(view, 0, 8) }));
`;

test("decoders and encoders are made without generated code where it is forbidden", () => {
  const printed = execFileSync(
    process.execPath,
    ["--disallow-code-generation-from-strings", "--input-type=module", "--eval", script],
    { encoding: "utf8" },
  );
  assert.deepEqual(JSON.parse(printed), { forbidden: true, value: { a: 1, b: -2 } });
});
