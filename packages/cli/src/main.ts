import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { Command, CommanderError } from "commander";
import { ExitCode, hasLog, reportError } from "./output/report-error.ts";
import { endWithTerminal } from "./output/terminal-end.ts";
import { printable } from "./output/text.ts";
import { watchOutput } from "./output/watch-output.ts";

/** Each file of the folder is a command of that name, and exports it as `command`. */
const folder = new URL("./commands/", import.meta.url);

async function commandNames(): Promise<string[]> {
  const files = await readdir(folder);
  return files.flatMap((file) => /^([\w-]+)\.js$/.exec(file)?.[1] ?? []).sort();
}

/** Only the command that is asked for is read; all of them where help, or what the user may have meant, is to be said. */
async function commands(wanted: string | undefined): Promise<Command[]> {
  const names = await commandNames();
  const needed = wanted !== undefined && names.includes(wanted) ? [wanted] : names;
  const modules = await Promise.all(
    needed.map(async (name) => (await import(new URL(`${name}.js`, folder).href)) as { readonly command: Command }),
  );
  return modules.map(({ command }) => command);
}

/** Commander says `error: unknown option '--fast'`, and what the user may have meant on a second line. */
function usageSentence(message: string): string {
  const said = message
    .trim()
    .replace(/^error: /, "")
    .replaceAll("\n", " ");
  return `ebpf: ${printable(said.slice(0, 1).toUpperCase() + said.slice(1))} (--help says how to use it)\n`;
}

/** How errors are told, also those of the commands within. */
function inherit(command: Command, from: Command): void {
  command.copyInheritedSettings(from);
  for (const within of command.commands) inherit(within, command);
}

/** That of the package: beside what is published, two folders above what is developed. */
async function version(): Promise<string> {
  const places = ["../package.json", "../../package.json"].map((path) => new URL(path, import.meta.url));
  const text = await readFile(
    places.find((place) => existsSync(place))!,
    "utf8",
  );
  return (JSON.parse(text) as { readonly version: string }).version;
}

async function main(): Promise<void> {
  const program = new Command("ebpf")
    .description(
      "Runs and inspects compiled eBPF objects, on the Linux kernel or, without root, on an embedded engine; and shows what is loaded in the kernel.",
    )
    .version(await version(), "-V, --version", "print the version")
    .configureOutput({ outputError: (message, write) => write(usageSentence(message)) })
    .enablePositionalOptions()
    .exitOverride();
  for (const command of await commands(process.argv[2])) {
    inherit(command, program);
    program.addCommand(command);
  }
  await program.parseAsync();
}

watchOutput();
// Whatever nobody has caught: one sentence as well, and the end of what is still traced.
process.on("uncaughtException", (error) => {
  process.exit(reportError(error));
});

try {
  await main();
} catch (error) {
  process.exitCode = error instanceof CommanderError ? (error.exitCode === 0 ? 0 : ExitCode.usage) : reportError(error);
  if (hasLog(error) && !process.env["DEBUG"]) {
    const { showVerifierPath } = await import("./output/verifier-view.ts");
    showVerifierPath(error.log);
  }
}
endWithTerminal();
