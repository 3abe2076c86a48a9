import { Command } from "commander";
import { collectName } from "../arguments/names.ts";
import { parseCount, parseDuration } from "../arguments/numbers.ts";
import type { VmArguments } from "../vm/run-in-vm.ts";

const help = `
Examples:
  $ ebpf vm --kernel 6.12 -- ebpf run trace.bpf.o -d 5   the newest 6.12 of /boot, or of ~/.cache/ebpf-ts/kernels
  $ ebpf vm --kernel 6.1 -- npm test                     a test suite, on an older kernel
  $ ebpf vm --kernel ./arch/x86/boot/bzImage --module veth --add bpftool -- sh probe.sh
                                                         a kernel of one's own, a module, a program of this host

The command runs as root in a virtual machine of its own (QEMU; hardware acceleration where /dev/kvm can be used), without root here, with
a copy of the current folder at the same place: what it writes there is gone afterwards. It has the environment, Node, ebpf, busybox, bpffs,
tracefs, cgroup2 and the loopback interface, and nothing else of this host and its network. It reads nothing from standard input.

Needed are QEMU, busybox and a kernel; on Debian:
  $ sudo apt-get install qemu-system-x86 busybox-static
  $ apt-cache search --names-only '^linux-image-6[.]12[.].*[0-9]-cloud-amd64$'
  $ mkdir -p ~/.cache/ebpf-ts
  $ apt-get download NAME && dpkg -x NAME_*.deb ~/.cache/ebpf-ts/kernels

Exit codes: that of the command; 124 --timeout ended it; 125 the guest could not be started, or ended before its command; 2 wrong usage;
129, 130 or 143 when SIGHUP, SIGINT (Ctrl-C) or SIGTERM ended it. The first Ctrl-C goes to the command, the second ends the guest.`;

export const command: Command = new Command("vm")
  .description("Run a command on another kernel, in a virtual machine.")
  .argument("<command...>", "after --, the command and its arguments")
  .requiredOption("-k, --kernel <version|file>", "6.12 for the newest kernel of that version, or the path of a bzImage")
  .option("--memory <MB>", "of the guest; when left out, as much as its files need and 512 MB more", parseCount)
  .option("--cpus <count>", "of the guest", parseCount, 2)
  .option("-t, --timeout <seconds>", "end the guest after that time", parseDuration)
  .option("-m, --module <name>", "a module of the kernel to load first (repeatable)", collectName, [])
  .option("--with-module <name>", "one that is only to be there, for modprobe (repeatable)", collectName, [])
  .option("--add <path>", "a file, folder or program that the guest is to have too (repeatable)", collectName, [])
  .option("--append <word>", "a word for the kernel's command line (repeatable)", collectName, [])
  .option("--console", "show what the kernel says, on standard error")
  .addHelpText("after", help)
  .action(async (command: [string, ...string[]], options: Omit<VmArguments, "command">) => {
    const { runInVm } = await import("../vm/run-in-vm.ts");
    await runInVm({ ...options, command });
  });
