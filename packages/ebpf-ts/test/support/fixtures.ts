import { fileURLToPath } from "node:url";

/** Path of a committed fixture; compiled tests run from `build/test/…`. */
export function fixturePath(name: string): string {
  return fileURLToPath(new URL(`../../../test/fixtures/${name}`, import.meta.url));
}
