import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { EbpfError } from "../../src/base/errors.ts";
import { parseBtf } from "../../src/btf/index.ts";
import { generateModule } from "../../src/codegen/index.ts";
import { objectTypes, parse, recordOf, specToJson } from "../../src/spec/index.ts";
import { fixturePath } from "../support/fixtures.ts";

const objects = readdirSync(fixturePath(".")).filter((name) => name.endsWith(".bpf.o"));

/** What a door makes of bytes that are there for its call only. */
function lent<T>(file: Uint8Array, door: (bytes: Uint8Array) => T): T {
  const bytes = new Uint8Array(file);
  const result = door(bytes);
  bytes.fill(0);
  return result;
}

function facts(bytes: Uint8Array, give: typeof lent): unknown[] {
  const spec = give(bytes, parse);
  // What of it is read late, from debug information.
  const records = spec.maps.map((map) => {
    const { btf, variants, why } = recordOf(spec, map);
    return [variants.map((variant) => [variant, btf!.type(variant.type)]), why];
  });
  return [specToJson(spec), records];
}

/** Some are there to be. */
function isRefused(file: Uint8Array): boolean {
  try {
    parse(file);
    return false;
  } catch (error) {
    if (error instanceof EbpfError) return true;
    throw error;
  }
}

describe("bytes of which a spec, or types, are read", () => {
  it("are the caller's again after the call", () => {
    assert.ok(objects.length > 20);
    for (const name of objects) {
      const file = readFileSync(fixturePath(name));
      if (isRefused(file)) continue;
      assert.deepEqual(
        facts(file, lent),
        facts(file, (bytes, door) => door(bytes)),
        name,
      );
      const types = (btf: ReturnType<typeof parseBtf>): unknown[] =>
        Array.from({ length: btf.length }, (_, id) => btf.type(id));
      const { btf } = parse(file);
      if (btf !== undefined) assert.deepEqual(types(lent(btf.bytes, parseBtf)), types(parseBtf(btf.bytes)), name);
      assert.deepEqual(types(lent(file, objectTypes)), types(objectTypes(file)), name);
    }
  });

  it("so are those of which a module is written, at once", async () => {
    const file = readFileSync(fixturePath("maps.bpf.o"));
    const options = { path: "maps.bpf.o", embed: true };
    assert.equal(await lent(file, (bytes) => generateModule(bytes, options)), await generateModule(file, options));
  });
});
