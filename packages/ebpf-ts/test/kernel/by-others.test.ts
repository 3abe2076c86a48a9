/** Programs that the library loads and pins, and other tools attach: it says which, and how. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { load } from "../../src/load.ts";
import { fixturePath } from "../support/fixtures.ts";
import { kernelOrSkip } from "../support/requirements.ts";

const how: Readonly<Record<string, RegExp>> = {
  on_action: /tc\(8\) attaches it as an action of a filter: pin it/,
  on_input: /ip\(8\) attaches it to a route: pin it/,
  on_output: /ip\(8\) attaches it/,
  on_transmit: /encap bpf xmit pinned PATH/,
  on_segment: /action End\.BPF endpoint pinned PATH/,
};

describe("kernel: programs that others attach", { skip: kernelOrSkip() }, () => {
  it("are loaded, left alone by attach() with the reason, and refused with it", async () => {
    await using bpf = await load(fixturePath("by-others.bpf.o"), { engine: "kernel" });
    assert.deepEqual(await bpf.attach(), []);
    assert.deepEqual([...bpf.programs.keys()], Object.keys(how));
    for (const [name, message] of Object.entries(how))
      await assert.rejects(bpf.program(name).attach(), { code: "NOT_SUPPORTED", message });
  });
});
