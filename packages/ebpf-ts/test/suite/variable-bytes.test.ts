import assert from "node:assert/strict";
import { it } from "node:test";
import { fixture, onEachEngine } from "./fixture.ts";

const text = new TextEncoder();
const padded = (bytes: Uint8Array, size: number): Uint8Array =>
  Uint8Array.from({ length: size }, (_, i) => bytes[i] ?? 0);
const plain = padded(text.encode("hello"), 16);
const behind = padded(text.encode("hi\0there"), 16);
const endless = text.encode("sixteen letters!");
const foreign = Uint8Array.of(0xff, 0xfe, 0xc3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

onEachEngine("global variables whose bytes say more than their value", (engine) => {
  it("a text is bytes where a string would lose some, and is written back as them", async () => {
    await using loaded = await fixture(engine, "globals");
    const greeting = loaded.bpf.variable<string | Uint8Array>("greeting");
    assert.equal(greeting.get(), "hello");
    for (const bytes of [behind, endless, foreign]) {
      greeting.set(bytes);
      assert.deepEqual(greeting.get(), bytes);
      greeting.set(greeting.get());
      assert.deepEqual(greeting.get(), bytes);
      await loaded.call("touch");
      assert.deepEqual(greeting.get(), bytes);
    }
    greeting.set(plain);
    assert.equal(greeting.get(), "hello");
  });

  it("a program sees the bytes that were written back", async () => {
    await using loaded = await fixture(engine, "globals");
    const greeting = loaded.bpf.variable<string | Uint8Array>("greeting");
    greeting.set(Uint8Array.of(0, 0x7b));
    greeting.set(greeting.get());
    assert.equal(((await loaded.call("touch")).out as bigint[])[6], 0x7bn);
  });

  it("a bool that is neither 0 nor 1, and a struct whose text is no UTF-8", async () => {
    await using loaded = await fixture(engine, "globals", ({ maps }) => {
      const section = maps.find((map) => map.section === ".data")!;
      section.contents!.fill(0xff);
    });
    const constants = await fixture(engine, "globals", ({ maps, variables }) => {
      const section = maps.find((map) => map.section === ".rodata")!;
      const enabled = variables.find(({ name }) => name === "enabled")!;
      const settings = variables.find(({ name }) => name === "settings")!;
      section.contents![enabled.offset] = 2;
      section.contents!.fill(0xfe, settings.offset + 8, settings.offset + 16);
    });
    try {
      assert.deepEqual(loaded.bpf.variable("greeting").get(), new Uint8Array(16).fill(0xff));
      assert.deepEqual(constants.bpf.variable("enabled").get(), Uint8Array.of(2));
      const settings = constants.bpf.variable<{ name: string }>("settings").get();
      assert.equal(settings.name, "\ufffd".repeat(8));
      const last = loaded.bpf.variable<{ name: string }>("last");
      last.set(settings);
      const { name } = last.view;
      last.view.name = name;
      const section = loaded.bpf.spec.variables.find((each) => each.name === "last")!;
      const bytes = loaded.engineMap(".bss").readOnlyMemory!().slice(section.offset + 8, section.offset + 16);
      assert.deepEqual(bytes, new Uint8Array(8).fill(0xfe));
    } finally {
      await constants.bpf.close();
    }
  });

  it("a live struct that is put into a map, or a variable, is there with all its bytes", async () => {
    await using loaded = await fixture(engine, "memory");
    const map = loaded.bpf.map<number, unknown>("flows");
    const memory = map.memory();
    const own = (key: number): Uint8Array => memory.bytes!.slice(key * memory.stride, (key + 1) * memory.stride);
    memory.bytes!.fill(0xa5, memory.stride, 2 * memory.stride);
    map.set(2, memory.at(1));
    assert.deepEqual(own(2), own(1));
    memory.set(3, memory.at(1));
    assert.deepEqual(own(3), own(1));
    const last = loaded.bpf.variable("last");
    last.set(memory.at(1));
    map.set(4, last.view);
    assert.deepEqual(own(4), own(1));
  });
});
