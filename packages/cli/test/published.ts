import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { root } from "./ebpf.ts";

/** A folder outside of the repository, in which both packages are installed as npm would have them. */
export interface Installed {
  readonly folder: string;
  remove(): void;
}

const packages = ["ebpf-ts", "ebpf-ts-cli"];

/** Makes them, packs them, and unpacks what was packed; what they depend on is the repository's. */
export function installPublished(): Installed {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), "ebpf-published-"));
  const remove = (): void => rmSync(folder, { recursive: true });
  try {
    execFileSync(process.execPath, ["scripts/build/package.js", join(folder, "made")], { cwd: root });
    for (const name of packages) unpack(name, folder);
    for (const name of packages) linkDependencies(join(folder, "node_modules", name));
    rmSync(join(folder, "made"), { recursive: true });
  } catch (error) {
    remove();
    throw error;
  }
  return { folder, remove };
}

function unpack(name: string, folder: string): void {
  const cwd = join(folder, "made", name);
  const env = { ...process.env, npm_config_cache: join(folder, "cache"), npm_config_update_notifier: "false" };
  const [packed] = JSON.parse(execFileSync("npm", ["pack", "--json"], { cwd, env, encoding: "utf8" })) as [
    { readonly filename: string },
  ];
  const into = join(folder, "node_modules", name);
  mkdirSync(into, { recursive: true });
  execFileSync("tar", ["-xzf", join(cwd, packed.filename), "--strip-components=1", "-C", into]);
}

function linkDependencies(into: string): void {
  const { dependencies } = JSON.parse(readFileSync(join(into, "package.json"), "utf8")) as {
    readonly dependencies: Readonly<Record<string, string>>;
  };
  const developed = createRequire(
    join(root, into.endsWith("-cli") ? "packages/cli" : "packages/ebpf-ts", "package.json"),
  );
  for (const name of Object.keys(dependencies).filter((each) => !packages.includes(each))) {
    const found = developed.resolve.paths(name)!.map((path) => join(path, name));
    mkdirSync(join(into, "node_modules"), { recursive: true });
    symlinkSync(found.find(isThere)!, join(into, "node_modules", name));
  }
}

function isThere(path: string): boolean {
  try {
    return dirname(realpathSync(path)) !== "";
  } catch {
    return false;
  }
}
