/** Operations without a link, in a process that locks itself down. Started by struct-ops.test.ts with what the filter leaves beside. */
import { load } from "../../../src/load.ts";
import { fixturePath } from "../../support/fixtures.ts";

const allow = process.argv.slice(2);
const bpf = await load(fixturePath("spec-struct-ops.bpf.o"), { engine: "kernel" });
const lockDown = (): Promise<string> =>
  bpf.lockDown({ capabilities: "keep", readOnly: true, seccomp: { allow } }).then(
    () => "locked down",
    ({ code }: { readonly code: string }) => code,
  );
const link = await bpf.structOps("plain").attach();
console.log(await lockDown());
if (allow.length === 0) {
  await link.detach();
  console.log(await lockDown());
}
await bpf.close();
console.log("closed");
