import { Command } from "commander";
import type { FeatureOptions } from "../kernel/features.ts";

const help = `
Examples:
  $ sudo ebpf feature                     program types, map types and kinds of sections
  $ sudo ebpf feature --helpers xdp       what programs of a type may call
  $ sudo ebpf feature --json | jq '.map_types[] | select(.outcome == "no")'

Each is tried: the smallest program or map is made, attached nowhere, and let go. Without root, or CAP_BPF and CAP_PERFMON, it says of
most that it cannot tell. SINCE is the first Linux that has it, by what the library knows.`;

export const command: Command = new Command("feature")
  .description("Show what the running kernel can do, and since which Linux that is so.")
  .option("-j, --json", "print a JSON object")
  .option("--helpers <type>", "the helpers that programs of that type may call, such as tracepoint")
  .addHelpText("after", help)
  .action(async (options: FeatureOptions) => {
    const { showFeatures } = await import("../kernel/features.ts");
    await showFeatures(options);
  });
