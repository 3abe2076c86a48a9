import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, it } from "node:test";
import { Collection } from "../../src/collection/collection.ts";
import { kernelEngine } from "../../src/engine/kernel/kernel-engine.ts";
import { NotSupportedError } from "../../src/base/errors.ts";
import { parse } from "../../src/spec/parse.ts";
import { openDescriptors } from "../../src/sys/ffi/descriptor.ts";
import { linuxSys } from "../../src/sys/ffi/linux.ts";
import { KernelStruct, type SystemArgument } from "../../src/sys/ffi/kernel-struct.ts";
import type { Sys } from "../../src/sys/ffi/sys.ts";
import { Errno } from "../../src/uapi/errno.ts";
import { BpfAttr } from "../../src/uapi/structs.gen.ts";
import { Command, MapType } from "../../src/uapi/uapi.gen.ts";
import { fixturePath } from "../support/fixtures.ts";
import { kernelOrSkip } from "../support/requirements.ts";

/** A system that answers some calls with an error of its own. */
function sysThat(answers: (command: number, attributes: SystemArgument) => number | undefined): Sys {
  const sys = linuxSys();
  return {
    ...sys,
    bpf: (command, attributes) => answers(command, attributes) ?? sys.bpf(command, attributes),
    bpfAsync: async (command, attributes) => answers(command, attributes) ?? sys.bpfAsync(command, attributes),
  };
}

async function ringOn(sys: Sys): Promise<Collection> {
  const spec = parse(await readFile(fixturePath("ring.bpf.o")));
  spec.programs = [];
  const options = { onPrint: (): void => {}, onFault: (): void => {} };
  return new Collection(spec, await kernelEngine({ sys }).load(spec, options));
}

const createsUserRing = (command: number, attributes: SystemArgument): boolean =>
  command === Command.MAP_CREATE &&
  attributes instanceof KernelStruct &&
  attributes.number(BpfAttr.map_create.fields.map_type) === MapType.USER_RINGBUF;

describe("injection on a kernel that refuses", { skip: kernelOrSkip() }, () => {
  it("user ring buffers, since it is older than 6.1", async () => {
    await using bpf = await ringOn(sysThat((...call) => (createsUserRing(...call) ? -Errno.EINVAL : undefined)));
    await assert.rejects(bpf.ringBuf("events").inject(new Uint8Array(8)), (error) => {
      assert.ok(error instanceof NotSupportedError);
      assert.equal(error.minimumVersion, "6.1");
      return error.message.startsWith("Cannot inject into ring events: ");
    });
  });

  it("for lack of a privilege", async () => {
    await using bpf = await ringOn(sysThat((...call) => (createsUserRing(...call) ? -Errno.EPERM : undefined)));
    await assert.rejects(bpf.ringBuf("events").inject(new Uint8Array(8)), {
      code: "NO_PRIVILEGE",
      message: /^Cannot inject into ring events: /,
    });
  });

  it("a run, and goes on when it does no more: what failed is not written later", async () => {
    let refused = 1;
    const sys = sysThat((command) => (command === Command.PROG_TEST_RUN && refused-- > 0 ? -Errno.ENOMEM : undefined));
    await using bpf = await ringOn(sys);
    const ring = bpf.ringBuf("events");
    await assert.rejects(ring.inject(new Uint8Array(24)), { code: "SYSCALL" });
    await ring.inject(new Uint8Array(8));
    assert.equal(ring.available, 16);
  });
});

describe("injection and descriptors", { skip: kernelOrSkip() }, () => {
  it("holds its program and queue until the collection is closed, once also when it grew", async () => {
    const before = openDescriptors().length;
    const bpf = await ringOn(linuxSys());
    const maps = openDescriptors().length;
    const ring = bpf.ringBuf("wide");
    await ring.inject(new Uint8Array(8));
    assert.equal(openDescriptors().length, maps + 2);
    await ring.inject(new Uint8Array(150_000));
    assert.equal(openDescriptors().length, maps + 2);
    await bpf.close();
    assert.equal(openDescriptors().length, before);
  });

  it("what is closed while its program is loaded says so, and the program is loaded with no other file", async () => {
    const bpf = { close: (): Promise<void> => Promise.resolve() };
    let closed: Promise<void> | undefined;
    const sys = linuxSys();
    const closing: Sys = {
      ...sys,
      bpfAsync: async (command, attributes) => {
        if (command === Command.PROG_LOAD) await (closed ??= bpf.close());
        return sys.bpfAsync(command, attributes);
      },
    };
    const before = openDescriptors().length;
    const collection = await ringOn(closing);
    bpf.close = () => collection.close();
    const message = "Cannot inject into ring events: it is closed";
    await assert.rejects(collection.ringBuf("events").prepareInjection(), { code: "CLOSED", message });
    assert.equal(openDescriptors().length, before);
  });
});
