/** Loads one program of an object with the privileges that it was started with, runs it, and prints what it returns, or why it is not loaded. */
import { EbpfError } from "../../../src/base/errors.ts";
import { load } from "../../../src/load.ts";
import { fixturePath } from "../../support/fixtures.ts";

const [object = "", program = ""] = process.argv.slice(2);
try {
  await using bpf = await load(fixturePath(object), { engine: "kernel", only: program });
  console.log(`${(await bpf.program(program).run()).returnValue}`);
} catch (error) {
  console.log(error instanceof EbpfError ? `${error.code}: ${error.message}` : String(error));
}
