import { Command } from "commander";

const help = `
Examples:
  $ ebpf init opens && cd opens && npm install && npm start

It writes an eBPF program in C, which tells of every file that a command opens; TypeScript that runs it; a test, which needs no root; and
the scripts that build them. What is there already is never written over. clang (14 or later) compiles the C.`;

export const command: Command = new Command("init")
  .description("Write a new project that runs at once: C, TypeScript, a test, npm scripts.")
  .argument("[folder]", "where it goes; this folder when left out", ".")
  .addHelpText("after", help)
  .action(async (folder: string) => {
    const { initProject } = await import("../init/init-project.ts");
    await initProject(folder);
  });
