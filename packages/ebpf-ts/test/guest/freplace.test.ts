import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { load, type LoadOptions } from "../../src/load.ts";
import type { Collection } from "../../src/collection/collection.ts";
import { LinkType } from "../../src/uapi/uapi.gen.ts";
import { fixturePath } from "../support/fixtures.ts";

const open = (options: LoadOptions): Promise<Collection> =>
  load(fixturePath("modules.bpf.o"), { engine: "kernel", ...options });

describe("freplace", () => {
  it("runs in the place of a function of another program, until it is detached", async () => {
    await using asking = await open({ only: "asks" });
    const program = asking.program("asks");
    const answer = async (): Promise<number> => (await program.run({ data: new Uint8Array(64) })).returnValue;
    await using bpf = await open({
      only: "replacement",
      programs: { replacement: { target: { program, function: "answer" } } },
    });
    assert.equal(await answer(), 2);
    const link = await bpf.program("replacement").attach({ kind: "freplace" });
    assert.equal(link.info.type, LinkType.TRACING);
    assert.equal(await answer(), 40);
    await assert.rejects(bpf.program("replacement").attach({ kind: "freplace" }), { code: "BUSY" });
    await link.detach();
    assert.equal(await answer(), 2);
  });

  it("a program that is loaded once more, for a scope, finds the one that it watches, though that was closed meanwhile", async () => {
    const asking = await open({ only: "asks" });
    await using bpf = await open({
      only: "on_open",
      programs: { on_open: { target: { program: asking.program("asks"), function: "answer" } } },
    });
    await bpf.attach();
    await asking.close();
    const { exited } = await bpf.spawn("true");
    assert.equal((await exited).code, 0);
    assert.equal(bpf.links.length, 1);
  });
});
