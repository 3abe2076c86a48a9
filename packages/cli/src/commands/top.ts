import { Command } from "commander";
import { parseCount, parseDuration } from "../arguments/numbers.ts";
import type { TopOptions } from "../kernel/top.ts";

const help = `
Examples:
  $ sudo ebpf top                         every second, until Ctrl-C
  $ sudo ebpf top --interval 5 --all      also programs that did not run
  $ sudo ebpf top --json -n 1 | jq '.programs[0]'

While it runs the kernel counts the runs of all programs, and the time they take (BPF_ENABLE_STATS, Linux 5.8), which makes each run some 20 ns
longer. RUNS and TIME MS are all that was ever counted, the others what happened since the picture before. CPU% is of one processor.
It takes root, or CAP_SYS_ADMIN.`;

export const command: Command = new Command("top")
  .description("Show which programs in the kernel run how often, and how long, live.")
  .option("-j, --json", "print JSON, one picture a line")
  .option("-i, --interval <seconds>", "how often", parseDuration, 1)
  .option("-n, --count <pictures>", "end after so many", parseCount)
  .option("-d, --duration <seconds>", "end after that time", parseDuration)
  .option("--top <programs>", "how many are shown, those that take most time first", parseCount, 20)
  .option("-a, --all", "also those that did not run")
  .addHelpText("after", help)
  .action(async (options: TopOptions) => {
    const { showTop } = await import("../kernel/top.ts");
    await showTop(options);
  });
