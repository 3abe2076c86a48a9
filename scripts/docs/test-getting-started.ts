/**
 * Follows docs/getting-started.md literally, in a Debian that has nothing but what the page installs: every `sh` block is run and every named
 * block is saved, in order, in one shell of an ordinary user who may use sudo. The two packages are those of this checkout, packed; all else
 * comes from Debian and from npm. Root; some minutes. `EBPF_TS_CLEAN_ROOT=FILE.tar` takes a root that mmdebstrap has made before.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../files.ts";
import { type Block, blocksOf, missingLines } from "./blocks.ts";

const page = "docs/getting-started.md";
const suite = process.env["EBPF_TS_SUITE"] ?? "bookworm";
const user = "reader";
const mark = "@@ block at line";
const packages = ["ebpf-ts", "ebpf-ts-cli"];

function makeRoot(folder: string): void {
  const made = process.env["EBPF_TS_CLEAN_ROOT"];
  mkdirSync(folder);
  if (made === undefined) {
    // What an ordinary machine has before its user reads any page.
    const include = "--include=sudo,ca-certificates,adduser";
    execFileSync("mmdebstrap", ["--variant=apt", include, suite, folder, "http://deb.debian.org/debian"], {
      stdio: "inherit",
    });
  } else execFileSync("tar", ["-xf", made, "-C", folder], { stdio: "inherit" });
  for (const file of ["/etc/resolv.conf", "/etc/hosts"]) cpSync(file, join(folder, file), { dereference: true });
}

/** As `npm publish` would have them. */
function packPackages(scratch: string, into: string): void {
  const made = join(scratch, "made");
  execFileSync(process.execPath, ["scripts/build/package.js", made], { cwd: root, stdio: "inherit" });
  mkdirSync(into);
  for (const name of packages) {
    const packed = execFileSync("npm", ["pack", "--json"], { cwd: join(made, name), encoding: "utf8" });
    const [{ filename }] = JSON.parse(packed) as [{ readonly filename: string }];
    cpSync(join(made, name, filename), join(into, `${name}.tgz`));
  }
}

/** Certificates of whatever stands between this machine and the registry. */
function certificates(folder: string): string {
  const file = process.env["NODE_EXTRA_CA_CERTS"];
  if (file === undefined || !existsSync(file)) return "";
  cpSync(file, join(folder, "etc/extra-certificates.crt"), { dereference: true });
  return "export NODE_EXTRA_CA_CERTS=/etc/extra-certificates.crt\n";
}

/** The packages that nobody can install yet are those of this checkout: the only word that is changed. */
function asTyped(text: string): string {
  return text.replace(/^npm install .*$/gm, (line) =>
    line.replace(/(?<= )(ebpf-ts-cli|ebpf-ts)(?= |$)/g, "/packages/$1.tgz"),
  );
}

function scriptOf(blocks: readonly Block[], head: string): string {
  const parts = blocks.map((block) => {
    const begin = `echo "${mark} ${block.line}"\n`;
    if (block.language === "sh") return `${begin}${asTyped(block.text)}`;
    if (block.file !== undefined)
      return `${begin}cat > ${block.file} <<'END OF THE BLOCK'\n${block.text}END OF THE BLOCK\n`;
    return "";
  });
  const engine = `import { haveEngine } from "ebpf-ts"; console.log((await haveEngine("kernel")).usable)`;
  return `set -eu\n${head}${parts.join("")}echo "${mark} 0"\nsudo node --input-type=module --eval '${engine}'\n`;
}

/** In namespaces of its own, so that every mount and process is gone with it. Gives what it printed. */
function follow(folder: string, script: string): { readonly status: number | null; readonly output: string } {
  writeFileSync(join(folder, "follow.sh"), script);
  chmodSync(join(folder, "follow.sh"), 0o755);
  const commands = `
    mount --bind '${folder}' '${folder}'
    mount -t proc proc '${folder}/proc'
    mount --rbind /dev '${folder}/dev'
    mount --rbind /sys '${folder}/sys'
    mountpoint -q '${folder}/sys/kernel/tracing' || mount -t tracefs tracefs '${folder}/sys/kernel/tracing'
    chroot '${folder}' adduser --quiet --disabled-password --gecos '' ${user}
    echo '${user} ALL=(ALL) NOPASSWD: ALL' > '${folder}/etc/sudoers.d/${user}'
    echo 'Defaults env_keep += "NODE_EXTRA_CA_CERTS DEBIAN_FRONTEND"' >> '${folder}/etc/sudoers.d/${user}'
    exec chroot '${folder}' su --login ${user} --command 'bash /follow.sh'`;
  const unshare = ["--mount", "--pid", "--fork", "--kill-child", "--propagation", "private", "bash", "-euc", commands];
  const result = spawnSync("unshare", unshare, {
    encoding: "utf8",
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", DEBIAN_FRONTEND: "noninteractive" },
    stdio: ["ignore", "pipe", "inherit"],
    maxBuffer: 2 ** 28,
  });
  return { status: result.status, output: result.stdout };
}

/** By the line at which each block begins. */
function outputsOf(output: string): ReadonlyMap<number, string> {
  const parts = output.split(new RegExp(`^${mark} (\\d+)\n`, "m")).slice(1);
  return new Map(parts.flatMap((part, index) => (index % 2 === 0 ? [[Number(part), parts[index + 1]!] as const] : [])));
}

function faults(blocks: readonly Block[], outputs: ReadonlyMap<number, string>): string[] {
  const found: string[] = [];
  let said = "";
  for (const block of blocks) {
    if (block.language === "sh") said = outputs.get(block.line) ?? "";
    if (block.language !== "text") continue;
    for (const line of missingLines(block.text, said)) found.push(`${page}:${block.line}: nothing printed "${line}"`);
  }
  if (outputs.get(0)?.trim() !== "true") found.push("as root, the kernel engine could not be used");
  return found;
}

function main(): number {
  const scratch = mkdtempSync(join(tmpdir(), "ebpf-getting-started-"));
  const folder = join(scratch, "root");
  try {
    makeRoot(folder);
    packPackages(scratch, join(folder, "packages"));
    const blocks = blocksOf(readFileSync(join(root, page), "utf8"));
    const { status, output } = follow(folder, scriptOf(blocks, certificates(folder)));
    process.stdout.write(output);
    if (status !== 0) {
      console.error(`${page} cannot be followed: it ended with ${status} after the last block above`);
      return 1;
    }
    const found = faults(blocks, outputsOf(output));
    for (const fault of found) console.error(fault);
    console.log(
      found.length === 0 ? `${page} was followed to its end` : `${found.length} promises of ${page} were not kept`,
    );
    return found.length === 0 ? 0 : 1;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

process.exitCode = main();
