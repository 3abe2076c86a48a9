import { readFile, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { makeFolder } from "../output/make-folder.ts";
import { say } from "../output/report-error.ts";
import { quoted } from "../output/text.ts";
import { projectFiles } from "./template.ts";

/** `ebpf init`: writes a new project, or, where one of its files is there already, nothing. */
export async function initProject(folder: string): Promise<void> {
  const files = Object.entries(projectFiles(packageName(folder), await ownVersion()));
  const there: string[] = [];
  for (const [path] of files) if (await exists(join(folder, path))) there.push(path);
  if (there.length > 0) {
    throw new Error(`Cannot begin a project in ${folder}: there is ${there.join(", ")} already, name a new folder`);
  }
  for (const [path, text] of files) await write(join(folder, path), text, folder);
  for (const [path] of files) say(join(folder, path));
  say(
    `\nNow:  ${resolve(folder) === process.cwd() ? "" : `cd ${quoted(folder)} && `}npm install && npm start && npm test`,
  );
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    ({ code }: NodeJS.ErrnoException) => code !== "ENOENT" && code !== "ENOTDIR",
  );
}

async function write(path: string, text: string, folder: string): Promise<void> {
  try {
    await makeFolder(dirname(path));
    // Somebody else may have made it since.
    await writeFile(path, text, { flag: "wx" });
  } catch (cause) {
    const { code = String(cause) } = cause as NodeJS.ErrnoException;
    throw new Error(`Cannot begin a project in ${folder}: ${path} cannot be written (${code})`, { cause });
  }
}

/** Of what npm takes for a name. */
function packageName(folder: string): string {
  const letters = basename(resolve(folder))
    .toLowerCase()
    .replace(/[^a-z0-9._~-]+/g, "-")
    .replace(/^[._-]+/, "");
  return letters || "ebpf-project";
}

/** That of this package, beside whose `build` or `dist` folder its manifest lies. */
async function ownVersion(): Promise<string> {
  for (const up of ["../package.json", "../../package.json", "../../../package.json"]) {
    const text = await readFile(new URL(up, import.meta.url), "utf8").catch(() => undefined);
    if (text !== undefined) return (JSON.parse(text) as { readonly version: string }).version;
  }
  return "latest";
}
