/** Vite's server for development: a page imports an object, runs it, and is loaded anew when the object changes, or a header of its source. */
import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { copyFileSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import { createServer, type Plugin, type ViteDevServer } from "vite";
import type { ObjectDescription, ObjectModule } from "../../src/index.ts";
import { ebpf } from "../../src/vite.ts";
import { openInChromium } from "../browser/chromium.ts";
import { root, Scratch } from "../codegen/compilers.ts";
import { chromiumOrSkip, compilersOrSkip } from "../support/requirements.ts";

const page = `
import probe, { load } from "./probe.bpf.o";
const report = (body) => fetch("/report", { method: "POST", body });
try {
  const bpf = await load({ cpus: 1 });
  bpf.variables.next_number.set(5n);
  await bpf.programs.send_numbers.run({ context: Uint8Array.of(1, 0, 0, 0) });
  const { value } = await bpf.rings.numbers.events().next();
  await report([bpf.engine, value.value, probe.digest].join(" "));
} catch (error) {
  await report(String(error));
}
`;

const source = (limit: string): string => `#include "limit.h"\nint limit = ${limit};\n`;

describe("a server of Vite's", { timeout: 240_000 }, () => {
  const reports = new EventEmitter();
  /** What the server tells pages, by its type. */
  const updates = new EventEmitter();
  let scratch: Scratch;
  let server: ViteDevServer;
  before(async () => {
    scratch = new Scratch();
    mkdirSync(join(scratch.folder, "page"));
    copyFileSync(join(root, "examples/workers/workers.bpf.o"), join(scratch.folder, "page/probe.bpf.o"));
    scratch.write("page/index.html", '<script type="module" src="./main.js"></script>');
    scratch.write("page/main.js", page);
    scratch.write("page/limit.h", "#define LIMIT 5\n");
    scratch.write("page/limit.bpf.c", source("LIMIT"));
    const receives: Plugin = {
      name: "receives",
      configureServer({ middlewares }) {
        middlewares.use("/report", (request, response) => {
          void text(request).then((body) => reports.emit("report", body));
          response.end();
        });
      },
    };
    server = await createServer({
      root: join(scratch.folder, "page"),
      configFile: false,
      logLevel: "silent",
      cacheDir: join(scratch.folder, "cache"),
      plugins: [ebpf(), receives],
      server: { host: "127.0.0.1", port: 0, fs: { allow: [scratch.folder, root] } },
    });
    const { hot } = server.environments.client;
    const send = hot.send.bind(hot) as (...message: unknown[]) => void;
    hot.send = (...message: unknown[]) => {
      send(...message);
      updates.emit((message[0] as { type: string }).type);
    };
    await server.listen();
  });
  after(async () => {
    await server.close();
    scratch.remove();
  });

  const address = (): string => `http://127.0.0.1:${(server.httpServer!.address() as AddressInfo).port}/`;

  it("gives a page the object, and again when it has changed", { skip: chromiumOrSkip() }, async () => {
    const first = once(reports, "report");
    await using browser = await openInChromium(address());
    const [said] = (await Promise.race([first, browser.ended])) as [string];
    assert.match(said, /^embedded 5 sha256-/);

    const object = join(scratch.folder, "page/probe.bpf.o");
    const again = once(reports, "report");
    // One more byte behind the file makes another digest, and the same program.
    copyFileSync(object, join(scratch.folder, "next"));
    writeFileSync(join(scratch.folder, "next"), "\0", { flag: "a" });
    renameSync(join(scratch.folder, "next"), object);
    const [saidAgain] = (await Promise.race([again, browser.ended])) as [string];
    assert.match(saidAgain, /^embedded 5 sha256-/);
    assert.notEqual(saidAgain, said);
  });

  it("gives a server's program the object", async () => {
    const { default: probe } = (await server.ssrLoadModule("/probe.bpf.o")) as {
      default: ObjectModule<ObjectDescription>;
    };
    const bpf = await probe.load({ engine: "embedded" });
    assert.equal(bpf.engine, "embedded");
    await bpf.close();
  });

  it(
    "makes it again for a header of its source, after an error too",
    { skip: compilersOrSkip("clang-19") },
    async () => {
      const made = async (): Promise<string> =>
        (await server.environments.client.transformRequest("/limit.bpf.c"))!.code;
      /** Changes the header, and waits until pages are told to load anew. */
      const change = async (header: string): Promise<void> => {
        const told = once(updates, "full-reload");
        scratch.write("page/limit.h", header);
        await told;
      };
      const first = await made();
      await change("#define LIMIT none\n");
      await assert.rejects(made(), /use of undeclared identifier 'none'/);
      await change("#define LIMIT 6\n");
      assert.notEqual(await made(), first);
    },
  );
});
