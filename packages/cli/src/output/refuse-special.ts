import { stat } from "node:fs/promises";

/**
 * Throws where a file is to be written and a device, pipe or socket stands: to open a pipe waits for its other end, for ever where nobody
 * comes, and to move a file over a device takes it from everybody.
 */
export async function refuseSpecial(path: string, advice: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined || found.isFile() || found.isDirectory()) return;
  throw new Error(`Cannot write ${path}: it is no regular file, ${advice}`);
}
