import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { Worker } from "node:worker_threads";
import { buildImage } from "../../src/engine/embedded/load/build-image.ts";
import type { MachineImage } from "../../src/engine/embedded/machine/image.ts";
import { EmbeddedCollection } from "../../src/engine/embedded/user/embedded-collection.ts";
import { buildKernelBtf } from "../../src/engine/embedded/load/own-btf.ts";
import { openMachine } from "../../src/engine/embedded/load/open-machine.ts";
import type { EngineCollection } from "../../src/engine/engine.ts";
import type { EngineName } from "../../src/engine/engine-name.ts";
import type { EngineMap } from "../../src/engine/map.ts";
import { kernelEngine } from "../../src/engine/kernel/kernel-engine.ts";
import type { KernelProgram } from "../../src/engine/kernel/kernel-program.ts";
import { parse } from "../../src/spec/parse.ts";
import type { CollectionSpec } from "../../src/spec/types.ts";
import { fixturePath } from "../support/fixtures.ts";
import { Fixture } from "./fixture.ts";

/** What a thread that runs a program is told. */
export interface ProgramLoopData {
  /** The kernel's descriptor, or the machine and the index of the program in it. */
  readonly program: number | { readonly image: MachineImage; readonly index: number };
  readonly context: Uint8Array;
  /** Int32: 0 becomes 1 to stop; 1 is how far the other side is, which the loop waits for a little; 2 counts its runs. */
  readonly control: SharedArrayBuffer;
}

/** A fixture whose programs can run in a thread of their own. */
export class ConcurrentFixture extends Fixture {
  readonly #collection: EngineCollection;
  readonly #image: MachineImage | undefined;

  constructor(spec: CollectionSpec, collection: EngineCollection, image: MachineImage | undefined) {
    super(spec, collection);
    this.#collection = collection;
    this.#image = image;
  }

  map(name: string): EngineMap {
    return this.#collection.maps.get(name)!;
  }

  /** The values of a mapped array of u64, live. */
  counters(name: string): BigUint64Array {
    const { buffer, byteOffset, byteLength } = this.map(name).memory!();
    return new BigUint64Array(buffer, byteOffset, byteLength / 8);
  }

  /** Runs a program again and again. */
  async loop(name: string, context: Uint8Array): Promise<ProgramLoop> {
    const control = new SharedArrayBuffer(12);
    const index = this.#image?.programs.findIndex((program) => program.name === name);
    const program =
      this.#image === undefined
        ? (this.#collection.programs.get(name) as KernelProgram).fd
        : { image: this.#image, index: index! };
    const data: ProgramLoopData = { program, context, control };
    const worker = new Worker(new URL("./program-loop.js", import.meta.url), { workerData: data });
    await once(worker, "message");
    return new ProgramLoop(worker, new Int32Array(control));
  }
}

export class ProgramLoop {
  readonly #worker: Worker;
  readonly #control: Int32Array;

  constructor(worker: Worker, control: Int32Array) {
    this.#worker = worker;
    this.#control = control;
  }

  get runs(): number {
    return Atomics.load(this.#control, 2);
  }

  /** Lets it go on. */
  step(): void {
    Atomics.add(this.#control, 1, 1);
    Atomics.notify(this.#control, 1);
  }

  /** Waits until it has run once more, a little while. */
  awaitRun(): void {
    Atomics.wait(this.#control, 2, this.runs, 20);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = once(this.#worker, "exit");
    Atomics.store(this.#control, 0, 1);
    this.step();
    await exited;
  }
}

export async function concurrentFixture(engine: EngineName, name: string): Promise<ConcurrentFixture> {
  const spec = parse(await readFile(fixturePath(`${name}.bpf.o`)));
  const engineOptions = { onPrint: (): void => {}, onFault: (): void => {} };
  if (engine === "kernel") {
    return new ConcurrentFixture(spec, await kernelEngine().load(spec, engineOptions), undefined);
  }
  const built = await buildImage(spec, {
    cpus: 4,
    instructionBudget: 2 ** 26,
    maxRunMs: Infinity,
    kernelBtf: buildKernelBtf("x64"),
    kconfig: { given: {}, own: new Map() },
  });
  const machine = openMachine(built.image);
  const hostTask = () => ({ pid: 1, tgid: 1, uid: 0, gid: 0, comm: "test", readUser: () => false });
  const options = { spec, built, machine, engineOptions, sources: [], architecture: "x64", hostTask } as const;
  const collection = new EmbeddedCollection(options);
  return new ConcurrentFixture(spec, collection, built.image);
}
