import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Kernel } from "./kernels.ts";

const run = promisify(execFile);

/** Outside of the repository. Root's is where tests reach it that act as another user. */
const cache: string =
  process.env["EBPF_TS_KERNELS"] ??
  join(process.getuid?.() === 0 ? "/var/cache" : join(homedir(), ".cache"), "ebpf-ts-kernels");

export interface KernelHere {
  readonly image: string;
  /** `6.12.43+deb13-cloud-amd64` */
  readonly release: string;
}

/** Gets the newest kernel of a line from Debian, unless one is there: remove its folder for a newer one. Takes apt, and no root. */
export async function getKernel(kernel: Kernel): Promise<KernelHere> {
  const folder = join(cache, kernel.word);
  if (!existsSync(folder)) await unpackInto(folder, kernel);
  return imageIn(folder);
}

async function unpackInto(folder: string, kernel: Kernel): Promise<void> {
  const beside = `${folder}.${process.pid}`;
  try {
    const apt = await ownApt(join(beside, "apt"), kernel.suite);
    const name = await newestOf(apt, kernel.packages);
    console.log(`Getting ${name} of Debian ${kernel.suite} to ${folder}`);
    await run("apt-get", [...apt, "download", name, ...(await partsOf(apt, name))], { cwd: beside });
    const archives = (await readdir(beside)).filter((file) => file.endsWith(".deb"));
    for (const archive of archives) await run("dpkg-deb", ["-x", join(beside, archive), join(beside, "kernel")]);
    await rename(join(beside, "kernel"), folder);
  } finally {
    await rm(beside, { recursive: true, force: true });
  }
}

/** Options of apt for lists of its own: of one suite, whatever this system is, and what it has. */
async function ownApt(folder: string, suite: string): Promise<string[]> {
  for (const part of ["lists/partial", "cache/archives/partial"]) await mkdir(join(folder, part), { recursive: true });
  const keys = "/usr/share/keyrings/debian-archive-keyring.gpg";
  const list = join(folder, "sources.list");
  await writeFile(list, `deb [arch=amd64 signed-by=${keys}] http://deb.debian.org/debian ${suite} main\n`);
  await writeFile(join(folder, "status"), "");
  const options = {
    "Dir::State": folder,
    "Dir::State::status": join(folder, "status"),
    "Dir::Cache": join(folder, "cache"),
    "Dir::Etc::sourcelist": list,
    "Dir::Etc::sourceparts": "-",
    // Root's apt would read as another user what only root may.
    "APT::Sandbox::User": "",
    "Acquire::Languages": "none",
  };
  const apt = Object.entries(options).flatMap(([key, value]) => ["-o", `${key}=${value}`]);
  await run("apt-get", [...apt, "-q", "update"]);
  return apt;
}

async function newestOf(apt: readonly string[], packages: string): Promise<string> {
  const { stdout } = await run("apt-cache", [...apt, "search", "--names-only", packages]);
  const names = stdout.split("\n").flatMap((line) => line.split(" ", 1)[0] || []);
  const newest = names.sort((a, b) => a.localeCompare(b, "en", { numeric: true })).at(-1);
  if (newest === undefined) throw new Error(`Cannot get a kernel: Debian has no package ${packages}`);
  return newest;
}

/** Newer packages are only names of others, which have the image and the modules. */
async function partsOf(apt: readonly string[], name: string): Promise<string[]> {
  const { stdout } = await run("apt-cache", [...apt, "show", "--no-all-versions", name]);
  const depends = /^Depends: (.*)$/m.exec(stdout)?.[1] ?? "";
  return depends.split(/[,|]/).flatMap((word) => /^\s*(linux-(?:binary|modules)-\S+)/.exec(word)?.[1] ?? []);
}

/** `boot/vmlinuz-RELEASE`, or `usr/lib/modules/RELEASE/vmlinuz`. */
async function imageIn(folder: string): Promise<KernelHere> {
  const files = await readdir(folder, { recursive: true });
  const found = files.find((path) => /(^|\/)vmlinuz(-[^/]*)?$/.test(path));
  if (found === undefined) throw new Error(`There is no kernel in ${folder}: remove that folder`);
  const release = /vmlinuz-(.*)$/.exec(found)?.[1] ?? found.split("/").at(-2)!;
  return { image: join(folder, found), release };
}
