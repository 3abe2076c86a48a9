import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { load } from "../../src/load.ts";
import { linuxOrSkip } from "../support/requirements.ts";
import { utimensat, watching } from "./support/calls.ts";

/** Programs that see everybody's calls, but for the scope; and what they see of it. */
const programs = [
  { name: "on_kprobe", variable: "calls", since: "4.17" },
  { name: "on_kretprobe", variable: "returns", since: "4.17" },
  { name: "on_kretprobe_multi", variable: "returns", since: "5.18" },
  { name: "on_fentry", variable: "calls", since: "5.5" },
  { name: "on_fexit", variable: "returns", since: "5.5" },
];

const everybody = 0;

describe("scope of a command", () => {
  for (const { name, variable, since } of programs) {
    it(`is kept by ${name.slice("on_".length)}`, { skip: linuxOrSkip(since) }, async () => {
      await using bpf = await load(watching(name, everybody), { engine: "kernel" });
      await bpf.attach();
      const command = await bpf.spawn(
        "sh",
        ["-c", "for i in 1 2; do : > /tmp/scope-$i; touch /tmp/scope-$i; rm /tmp/scope-$i; done"],
        {
          stdout: "ignore",
        },
      );
      utimensat("/nowhere/else");
      await command.exited;
      utimensat("/nowhere/else");
      assert.equal(bpf.variable(variable).get(), 2n);
    });
  }
});
