/** Attaches a program, pins its link at the path that is given, says the link's id, and ends without a word to anybody. */
import { loadFixture } from "./kernel-fixture.ts";

const collection = await loadFixture("links");
const link = await collection.programs.get("raw")!.attach();
link.pin!(process.argv[2]!);
console.log(link.info.id);
process.exit();
