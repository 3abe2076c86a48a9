import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { it } from "node:test";
import { promisify } from "node:util";

const run = promisify(execFile);
const options = { skip: process.platform !== "linux" && "Linux only", timeout: 60_000 };

it(
  "who maps faster than garbage is collected is refused, before the process runs out of memory areas",
  options,
  async () => {
    const main = `
    import { SharedRing } from ${JSON.stringify(new URL("../../src/shared-ring/index.js", import.meta.url).href)};
    let made = 0;
    try {
      for (; made < 70_000; made += 1) SharedRing.create({ size: 4096 }).close();
    } catch (error) {
      console.log(error.code, made > 1000);
    }`;
    const { stdout } = await run(process.execPath, ["--input-type=module", "-e", main]);
    assert.match(stdout, /^[A-Z_]+ true\n$/);
  },
);
