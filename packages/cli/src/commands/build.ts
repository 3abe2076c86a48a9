import { Command, Option } from "commander";
import type { BuildArguments } from "../compile/build-object.ts";

const help = `
Examples:
  $ ebpf build trace.bpf.c                       makes trace.bpf.o
  $ ebpf build trace.bpf.c -o dist/trace.bpf.o --watch
  $ ebpf build trace.bpf.c -- -DLIMIT=5 -Wextra  arguments after -- are clang's

Nothing but clang (14 or later) is needed: bpf/bpf_helpers.h, bpf/bpf_tracing.h, bpf/bpf_core_read.h, bpf/bpf_endian.h and bpf/usdt.bpf.h
come with ebpf-ts, and vmlinux.h is made from the types of the running kernel.

Exit codes: 0 the object was made; that of clang when it refuses the source; 1 there is no such source or compiler, or the object cannot
be written; 2 wrong usage.`;

export const command: Command = new Command("build")
  .description("Compile C to an object, with clang and the usual headers.")
  .argument("<source>", "a C file, such as program.bpf.c")
  .argument("[flags...]", "after --, further arguments for clang")
  .option("-o, --output <file>", "where the object goes; beside the source when left out")
  .option("-w, --watch", "compile again whenever the source, or a header that it includes, changes")
  .option("-I, --include <folder>", "a folder with headers (repeatable)", (value, all: string[]) => [...all, value], [])
  .option("--clang <file>", "the compiler; $CLANG, clang, or the newest clang-N when left out")
  .addOption(new Option("--arch <processor>", "whose registers the object reads").choices(["x64", "arm64"]))
  .option("--libbpf", "take the headers of an installed libbpf-dev before those of ebpf-ts")
  .addHelpText("after", help)
  .action(async (source: string, flags: string[], options: Omit<BuildArguments, "source" | "flags">) => {
    const { buildObject } = await import("../compile/build-object.ts");
    await buildObject({ ...options, source, flags });
  });
