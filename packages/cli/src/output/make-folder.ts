import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";

/** With those above it. Node's `recursive` never returns where a folder that is there refuses a new one with ENOENT, as /proc does. */
export async function makeFolder(folder: string): Promise<void> {
  const isThere = await stat(folder).then(
    () => true,
    () => false,
  );
  if (isThere) return;
  const above = dirname(folder);
  if (above !== folder) await makeFolder(above);
  try {
    await mkdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}
