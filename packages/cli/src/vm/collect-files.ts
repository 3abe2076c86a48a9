import { execFileSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { quoted } from "../output/text.ts";
import { addExecutable, findExecutable } from "./executables.ts";
import { GuestFiles } from "./guest-files.ts";
import { initScript, own } from "./guest-scripts.ts";
import type { KernelImage } from "./kernel-image.ts";
import { type KernelModule, KernelModules } from "./modules.ts";
import { addPackage, ownPackage } from "./own-package.ts";

interface Wanted {
  readonly command: readonly [string, ...string[]];
  /** Kernel modules that are loaded first, and others that are there. */
  readonly module: readonly string[];
  readonly withModule: readonly string[];
  readonly add: readonly string[];
}

/** Bytes. QEMU puts an archive below 2 GB, and the kernel unpacks it beside that. */
const mostBytes = 1.5 * 2 ** 30;
const notCopied = new Set([".git"]);
/** What programs expect of a system: names of users and hosts, and where libraries are. */
const systemFiles = ["/etc/passwd", "/etc/group", "/etc/hosts", "/etc/ld.so.cache", "/etc/localtime"];
const scriptsTake = ["/bin/sh", "/usr/bin/env"];

/** All that a guest has: the current folder, the command, what was asked for, Node, `ebpf`, busybox, and modules of the kernel. */
export function collectFiles({ command: [command], module, withModule, add }: Wanted, kernel: KernelImage): GuestFiles {
  const files = new GuestFiles(mostBytes);
  const applets = addBusybox(files);
  for (const folder of ["/proc", "/sys", "/dev", "/run", process.env["HOME"] ?? "/root"]) files.addFolder(folder);
  for (const folder of ["/tmp", "/var/tmp"]) files.addFolder(folder, 0o1777);
  for (const file of [...systemFiles, ...scriptsTake].filter((path) => existsSync(path))) addExecutable(files, file);
  addOwnCommand(files);
  if (command !== "ebpf" && command !== "node") addCommand(files, command, applets);
  for (const path of add) addAsked(files, path);
  files.addTree(process.cwd(), notCopied);
  const found = addModules(files, [...module, ...withModule], kernel);
  files.addText(own.init, initScript(module.filter((name) => found.has(name))), 0o755);
  return files;
}

/** What `init` runs; the busybox of a small system may be without. */
const needed = [
  "sh",
  "mount",
  "mkdir",
  "mkfifo",
  "stty",
  "setsid",
  "modprobe",
  "ip",
  "hostname",
  "poweroff",
  "kill",
  "head",
  "cat",
];

function addBusybox(files: GuestFiles): ReadonlySet<string> {
  const busybox = findExecutable("busybox");
  const install = "install it (on Debian, `apt-get install busybox-static`)";
  if (busybox === undefined) throw new Error(`Cannot start a guest: there is no busybox in PATH, ${install}`);
  const applets = execFileSync(busybox, ["--list"], { encoding: "utf8" }).split("\n").filter(Boolean);
  const missing = needed.filter((name) => !applets.includes(name));
  if (missing.length > 0)
    throw new Error(`Cannot start a guest: ${busybox} is without ${missing.join(", ")}, ${install}`);
  addExecutable(files, busybox);
  files.addLink(own.busybox, busybox);
  for (const name of applets) files.addLink(join(own.bin, name), own.busybox);
  return new Set(applets);
}

/** Runs a command with those arguments before its own. */
function script(...words: readonly string[]): string {
  return `#!/bin/sh\nexec ${words.map(quoted).join(" ")} "$@"\n`;
}

/** Found by PATH, behind the host's own folders. */
function addOwnCommand(files: GuestFiles): void {
  const runtime = process.execPath;
  const node = join(own.bin, "node");
  addExecutable(files, runtime);
  // Deno takes what it runs, and what that may do, from its arguments; Bun does as it is called.
  if ("deno" in process.versions) files.addText(node, script(runtime, "run", "--allow-all"), 0o755);
  else files.addLink(node, runtime);
  const folder = ownPackage();
  addPackage(files, folder);
  // Deno takes a link for the module itself.
  files.addText(join(own.bin, "ebpf"), script(node, join(folder, "bin", "ebpf.js")), 0o755);
}

function addCommand(files: GuestFiles, command: string, applets: ReadonlySet<string>): void {
  const path = findExecutable(command);
  if (path !== undefined) addExecutable(files, path);
  else if (!applets.has(command)) throw new Error(`Cannot run ${command}: there is no such program`);
}

/** A file or folder, or the name of a program. */
function addAsked(files: GuestFiles, asked: string): void {
  const path = existsSync(asked) ? resolve(asked) : asked.includes("/") ? undefined : findExecutable(asked);
  if (path === undefined) throw new Error(`Cannot add ${asked} to the guest: there is no such file, folder or program`);
  if (statSync(path).isDirectory()) files.addTree(path, notCopied);
  else addExecutable(files, path);
}

/** Gives those names that modprobe(8) finds: what is built in needs none. */
function addModules(
  files: GuestFiles,
  names: readonly string[],
  { path, release, modules }: KernelImage,
): ReadonlySet<string> {
  if (names.length === 0) return new Set();
  if (modules === undefined)
    throw new Error(
      `Cannot load the module ${names[0]}: there are no modules beside ${path}, in lib/modules/${release}`,
    );
  const found = new KernelModules(modules);
  const wanted = names.flatMap((name) => found.find(name) ?? []);
  const all = new Set<KernelModule>(wanted.flatMap((module) => [module, ...module.needs]));
  const folder = join("/lib/modules", release);
  for (const module of all) files.addBytes(join(folder, module.path), module.contents);
  const lines = [...all].map(({ path, needs }) => `${path}: ${needs.map((need) => need.path).join(" ")}\n`);
  files.addText(join(folder, "modules.dep"), lines.join(""));
  return new Set(names.filter((name) => found.find(name) !== undefined));
}
