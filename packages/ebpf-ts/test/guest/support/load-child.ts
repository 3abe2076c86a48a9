/** Loads one program of an object with the privileges that it was started with, runs or attaches it, and prints what it returns, or what is refused. */
import { EbpfError } from "../../../src/base/errors.ts";
import { load } from "../../../src/load.ts";
import { fixturePath } from "../../support/fixtures.ts";

const [object = "", name = "", deed = "run"] = process.argv.slice(2);
try {
  await using bpf = await load(fixturePath(object), { engine: "kernel", only: name });
  const program = bpf.program(name);
  if (deed === "attach") await program.attach();
  console.log(deed === "attach" ? "attached" : `${(await program.run()).returnValue}`);
} catch (error) {
  console.log(error instanceof EbpfError ? `${error.code}: ${error.message}` : String(error));
}
