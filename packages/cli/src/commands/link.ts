import { Command } from "commander";
import type { FactsOptions } from "../kernel/program-list.ts";

const help = `
Examples:
  $ sudo ebpf link list
  $ sudo ebpf link show 8
  $ sudo ebpf link detach 8               whoever holds it; the kernel does that with links of cgroups, XDP, TC and the like
  $ sudo ebpf link pin 8 /sys/fs/bpf/opens

<link> is an id, or the path of a pin. With --json facts have the names that bpftool gives them; where it is stands in "details".
All of it takes root, or CAP_SYS_ADMIN. What is attached without a link (clsact, BPF_PROG_ATTACH) is not among them.`;

export const command: Command = new Command("link")
  .description("What keeps programs attached in the kernel, whoever attached them.")
  .addHelpText("after", help);

command
  .command("list")
  .description("List them, with their programs and who holds them.")
  .option("-j, --json", "print a JSON array")
  .action(async (options: FactsOptions) => {
    const { listLinks } = await import("../kernel/link-list.ts");
    listLinks(options);
  });

command
  .command("show")
  .description("Show all that is known of one.")
  .argument("<link>", "an id, or the path of a pin")
  .option("-j, --json", "print a JSON object")
  .action(async (link: string, options: FactsOptions) => {
    const { showLink } = await import("../kernel/link-list.ts");
    showLink(link, options);
  });

command
  .command("detach")
  .description("Detach its program at once. The link stays, and keeps nothing attached any more.")
  .argument("<link>", "an id, or the path of a pin")
  .option("-j, --json", "print a JSON object")
  .action(async (link: string, options: FactsOptions) => {
    const { detach } = await import("../kernel/pin.ts");
    detach(link, options);
  });

command
  .command("pin")
  .description("Give it a name in a bpf file system, which keeps its program attached.")
  .argument("<link>", "an id")
  .argument("<path>", "in a bpf file system, such as /sys/fs/bpf/name")
  .option("-j, --json", "print a JSON object")
  .action(async (link: string, path: string, options: FactsOptions) => {
    const { pin } = await import("../kernel/pin.ts");
    pin("link", link, path, options);
  });
