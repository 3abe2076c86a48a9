/** Loads an XDP program with the privileges that it was started with, and prints what that comes to. */
import { EbpfError } from "../../src/base/errors.ts";
import { loadNet } from "./net-fixture.ts";

try {
  const bpf = await loadNet(["xdp_first"]);
  await bpf.close();
  console.log("loaded");
} catch (error) {
  console.log(error instanceof EbpfError ? `${error.code}: ${error.message}` : String(error));
}
