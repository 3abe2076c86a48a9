import { readFile } from "node:fs/promises";
import { describe } from "node:test";
import { makeDecoder, makeEncoder } from "../../src/btf/index.ts";
import { Collection } from "../../src/collection/collection.ts";
import type { Fields } from "../../src/collection/record-types.ts";
import { hostedEmbeddedEngine } from "../../src/engine/embedded/node-host.ts";
import type { EngineCollection } from "../../src/engine/engine.ts";
import type { EngineName } from "../../src/engine/engine-name.ts";
import type { EngineMap } from "../../src/engine/map.ts";
import type { EngineRing } from "../../src/engine/ring.ts";
import { kernelEngine } from "../../src/engine/kernel/kernel-engine.ts";
import { parse } from "../../src/spec/parse.ts";
import { readDebug } from "../../src/spec/debug/read-debug.ts";
import type { CollectionSpec } from "../../src/spec/types.ts";
import { fixturePath } from "../support/fixtures.ts";
import { kernelOrSkip } from "../support/requirements.ts";

export const EINVAL = -22n;
export const E2BIG = -7n;
export const EBUSY = -16n;
export const ENOENT = -2n;
export const EEXIST = -17n;
export const EAGAIN = -11n;

/** The same cases for every engine: what they have in common is what the kernel does. */
export function onEachEngine(title: string, cases: (engine: EngineName) => void): void {
  for (const engine of ["embedded", "kernel"] as const) {
    describe(`${title} (${engine})`, { skip: engine === "kernel" ? kernelOrSkip() : false }, () => cases(engine));
  }
}

/** For what only the kernel has. */
export function onKernel(title: string, cases: () => void): void {
  describe(`${title} (kernel)`, { skip: kernelOrSkip() }, cases);
}

/** A loaded fixture, with the engine's side at hand, for tests that forge what user space should never write. */
export class Fixture {
  readonly bpf: Collection;
  readonly #engine: EngineCollection;

  constructor(spec: CollectionSpec, engine: EngineCollection) {
    readDebug(spec);
    this.bpf = new Collection(spec, engine);
    this.#engine = engine;
  }

  /** Runs a program with its context struct, given and returned by field. Fields not given are zero. */
  async call(name: string, args: Readonly<Record<string, unknown>> = {}): Promise<Fields> {
    const type = contextType(this.bpf.spec, name);
    const encoder = makeEncoder(this.bpf.spec.btf!, type);
    const context = new Uint8Array(encoder.size);
    if (Object.keys(args).length > 0) encoder.encode(args, new DataView(context.buffer), 0);
    const { context: after } = await this.bpf.program(name).run({ context });
    const view = new DataView(after!.buffer, after!.byteOffset, after!.byteLength);
    return makeDecoder(this.bpf.spec.btf!, type).decode(view, 0, view.byteLength) as Fields;
  }

  ring(name: string): EngineRing {
    return this.#engine.maps.get(name)!.ring!();
  }

  /** Its keys and values are bytes. */
  engineMap(name: string): EngineMap {
    return this.#engine.maps.get(name)!;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.bpf.close();
  }
}

export async function fixture(
  engine: EngineName,
  name: string,
  edit: (spec: CollectionSpec) => void = () => {},
): Promise<Fixture> {
  const spec = parse(await readFile(fixturePath(`${name}.bpf.o`)));
  edit(spec);
  const implementation = engine === "kernel" ? kernelEngine() : await hostedEmbeddedEngine();
  const options = {
    onPrint: () => {},
    onFault: (fault: Error) => {
      throw fault;
    },
  };
  return new Fixture(spec, await implementation.load(spec, options));
}

/** The struct that a program's only parameter points to. */
function contextType(spec: CollectionSpec, name: string): number {
  const btf = spec.btf!;
  const program = spec.programs.find((candidate) => candidate.name === name)!;
  const func = btf.type(program.btfFunction);
  const proto = func.kind === "func" ? btf.type(func.type) : func;
  const parameter = proto.kind === "func_proto" ? btf.resolve(proto.parameters[0]!.type) : proto;
  if (parameter.kind !== "ptr") throw new Error(`${name} takes no pointer`);
  return parameter.type;
}
