import { execFile } from "node:child_process";
import { existsSync, rmSync, symlinkSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { BenchFailure } from "./failure.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** A folder with the packages as npm gets them. What they depend on is found above it. */
export const publishedFolder: string = `${root}bench/build/published/`;

/** The command as it is published. */
export const publishedCommand: string = `${publishedFolder}node_modules/ebpf-ts-cli/bin/ebpf.js`;

/** Makes them anew, from the sources as they are. */
export async function makePublished(): Promise<void> {
  const modules = `${publishedFolder}node_modules`;
  rmSync(publishedFolder, { recursive: true, force: true });
  await promisify(execFile)(process.execPath, ["scripts/build/package.js", modules], { cwd: root }).catch(
    (cause: unknown) => {
      throw new BenchFailure(`Cannot make the packages: ${(cause as Error).message}`, { cause });
    },
  );
  const own = `${root}packages/cli/node_modules`;
  if (existsSync(own)) symlinkSync(own, `${modules}/ebpf-ts-cli/node_modules`);
}
