/** Run by refusal.test.ts on Deno, with few permissions. */
import { load, openPinned } from "../../src/index.ts";
import { SharedRing } from "../../src/shared-ring/shared-ring.ts";
import { fixturePath } from "../support/fixtures.ts";

const tried: Readonly<Record<string, () => unknown>> = {
  embedded: () => load(fixturePath("ring.bpf.o"), { engine: "embedded" }),
  kernel: () => load(fixturePath("ring.bpf.o"), { engine: "kernel" }),
  pinned: () => openPinned("/sys/fs/bpf/none"),
  ring: () => SharedRing.create({ size: 4096 }),
};

for (const [name, work] of Object.entries(tried)) {
  try {
    await work();
    console.log(`${name}: done`);
  } catch (error) {
    const { name: kind, code, message } = error as Error & { readonly code?: string };
    console.log(`${name}: ${kind} ${code} ${message}`);
  }
}
