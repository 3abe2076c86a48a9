import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { it } from "node:test";
import { promisify } from "node:util";

const run = promisify(execFile);
const options = { skip: process.platform !== "linux" && "Linux only", timeout: 240_000 };

const mapOnePage = `
  import { mapMemory } from ${JSON.stringify(new URL("../../src/sys/memory/mapping.js", import.meta.url).href)};
  import { createMemoryFile, setLength } from ${JSON.stringify(new URL("../../src/sys/memory/memory-file.js", import.meta.url).href)};
  const fd = createMemoryFile("pages");
  setLength(fd, 4096);
  const mapOne = () => mapMemory({ fd, offset: 0, length: 4096, writable: true });`;

it("who keeps more than a process can map is refused, before it runs out of memory areas", options, async () => {
  const main = `${mapOnePage}
    const kept = [];
    for (; typeof kept.at(-1) !== "number" && kept.length < 70_000; ) kept.push(mapOne());
    console.log(kept.at(-1), kept.length > 4096);`;
  const { stdout } = await run(process.execPath, ["--input-type=module", "-e", main]);
  assert.equal(stdout, "-12 true\n");
});

it("what is let go of within one turn of the loop is in nobody's way, however much it was", options, async () => {
  const main = `${mapOnePage}
    let made = 0;
    for (; made < 12_000 && typeof mapOne() !== "number"; ) made += 1;
    console.log(made);`;
  const { stdout } = await run(process.execPath, ["--input-type=module", "-e", main]);
  assert.equal(stdout, "12000\n");
});

it("more than an ArrayBuffer can hold is an error, and does not end the process", options, async () => {
  const main = `
    import { constants } from "node:buffer";
    import { reserve } from ${JSON.stringify(new URL("../../src/sys/memory/reserve.js", import.meta.url).href)};
    console.log(reserve(constants.MAX_LENGTH + 65_536) < 0);`;
  const { stdout } = await run(process.execPath, ["--input-type=module", "-e", main]);
  assert.equal(stdout, "true\n");
});

it("a process without WebAssembly ends as it should, with memory that is still mapped", options, async () => {
  const main = `
    import { SharedRing } from ${JSON.stringify(new URL("../../src/shared-ring/index.js", import.meta.url).href)};
    const ring = SharedRing.create({ size: 4096 });
    const { bytes } = ring.producer().reserve(8);
    ring.close();
    process.on("exit", () => console.log(bytes.fill(7)[0]));`;
  const { stdout } = await run(process.execPath, ["--jitless", "--input-type=module", "-e", main]);
  assert.match(stdout, /^7$/m);
});

it("without WebAssembly a stream may take memory over, which is then still there", options, async () => {
  const main = `
    import { SharedRing } from ${JSON.stringify(new URL("../../src/shared-ring/index.js", import.meta.url).href)};
    import { openMappings } from ${JSON.stringify(new URL("../../src/sys/memory/mapping.js", import.meta.url).href)};
    async function moved() {
      const ring = SharedRing.create({ size: 4096 });
      const { bytes } = ring.producer().reserve(8);
      const stream = new ReadableStream({ type: "bytes", pull: (to) => to.byobRequest.respond(8) });
      const { value } = await stream.getReader({ mode: "byob" }).read(bytes);
      ring.close();
      return value;
    }
    const bytes = await moved();
    while (openMappings() > 0) {
      gc();
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    console.log(bytes.fill(7)[0]);`;
  const flags = ["--jitless", "--expose-gc", "--input-type=module"];
  const { stdout } = await run(process.execPath, [...flags, "-e", main]);
  assert.match(stdout, /^7$/m);
});
