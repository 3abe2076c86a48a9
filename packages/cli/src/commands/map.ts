import { Command } from "commander";
import type { FactsOptions } from "../kernel/program-list.ts";

const help = `
Examples:
  $ sudo ebpf map list
  $ sudo ebpf map dump counts             its entries, with the members of their types
  $ sudo ebpf map dump counts --json | jq .value
  $ sudo ebpf map pin 17 /sys/fs/bpf/counts

<map> is an id, a name, or the path of a pin. With --json facts have the names that bpftool gives them.
It takes root, or CAP_SYS_ADMIN, but for what is named by the path of its pin.`;

export const command: Command = new Command("map")
  .description("Maps that are in the kernel, whoever made them.")
  .addHelpText("after", help);

command
  .command("list")
  .description("List them, with who holds them.")
  .option("-j, --json", "print a JSON array")
  .action(async (options: FactsOptions) => {
    const { listMaps } = await import("../kernel/map-list.ts");
    listMaps(options);
  });

command
  .command("show")
  .description("Show all that is known of one.")
  .argument("<map>", "an id, a name, or the path of a pin")
  .option("-j, --json", "print a JSON object")
  .action(async (map: string, options: FactsOptions) => {
    const { showMap } = await import("../kernel/map-list.ts");
    showMap(map, options);
  });

command
  .command("dump")
  .description("Print its entries, typed by the types that the kernel keeps with it.")
  .argument("<map>", "an id, a name, or the path of a pin")
  .option("-j, --json", "print JSON, one entry a line; 64-bit numbers beyond 2^53 become strings")
  .action(async (map: string, options: FactsOptions) => {
    const { dumpMap } = await import("../kernel/map-contents.ts");
    await dumpMap(map, options);
  });

command
  .command("pin")
  .description("Give it a name in a bpf file system, which keeps it.")
  .argument("<map>", "an id, or a name")
  .argument("<path>", "in a bpf file system, such as /sys/fs/bpf/name")
  .option("-j, --json", "print a JSON object")
  .action(async (map: string, path: string, options: FactsOptions) => {
    const { pin } = await import("../kernel/pin.ts");
    pin("map", map, path, options);
  });
