import { aPath } from "../base/checks.ts";
import { EbpfError } from "../base/errors.ts";
import { absolutePath, readNamed } from "./named-files.ts";
import { refusal } from "./refusal.ts";

/** Larger than clang makes them; a file without an end, such as /dev/zero, is found out. */
const largestObject = 64 * 2 ** 20;

/** Reads the file of a compiled object; rejected with NOT_FOUND when that cannot be done. */
export async function readObject(path: string | URL): Promise<Uint8Array> {
  if (!(path instanceof URL)) aPath(path, "The object's file");
  const name = String(path);
  const bytes = await readNamed(path, largestObject + 1).catch((cause: unknown) => {
    throw refusal(cause, `read ${name}`, (code) => {
      const reason = (reasons[code] ?? `it cannot be read (${code})`) + whereOf(path, code);
      return new EbpfError("NOT_FOUND", `Cannot read ${name}: ${reason}`, { cause });
    });
  });
  if (bytes.length <= largestObject) return bytes;
  const message = `Cannot read ${name}: it has more than ${largestObject} bytes, name a compiled object`;
  throw new EbpfError("BAD_OBJECT", message);
}

/** Who starts a program in another folder than its object's sees where it was looked for. */
function whereOf(path: string | URL, code: string): string {
  const isRelative = typeof path === "string" && absolutePath("/", path) !== absolutePath(path);
  return code === "ENOENT" && isRelative ? ` in ${absolutePath(".")}` : "";
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  ENOTDIR: "part of its path is not a folder",
  EISDIR: "it is a directory, name a compiled object such as program.bpf.o",
  EACCES: "this user may not read it",
};
