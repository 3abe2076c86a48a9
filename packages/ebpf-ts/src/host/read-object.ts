import { EbpfError, tooManyFiles } from "../base/errors.ts";

/** Larger than clang makes them; a file without an end, such as /dev/zero, is found out. */
const largestObject = 64 * 2 ** 20;

/** Reads the file of a compiled object; NOT_FOUND when that cannot be done. */
export async function readObject(path: string | URL): Promise<Uint8Array> {
  // Node is asked for only here, so that everything else loads in a browser.
  const { open } = await import("node:fs/promises");
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    const file = await open(path);
    for await (const chunk of file.createReadStream({ end: largestObject })) {
      chunks.push(chunk);
      size += chunk.length;
    }
  } catch (cause) {
    const shortage = tooManyFiles(cause, `read ${String(path)}`);
    if (shortage !== undefined) throw shortage;
    const code = (cause as NodeJS.ErrnoException).code;
    const reason = reasons[code ?? ""] ?? `it cannot be read (${code ?? "unknown error"})`;
    throw new EbpfError("NOT_FOUND", `Cannot read ${String(path)}: ${reason}`, { cause });
  }
  if (size > largestObject) {
    throw new EbpfError(
      "BAD_OBJECT",
      `Cannot read ${String(path)}: it has more than ${largestObject} bytes, name a compiled object`,
    );
  }
  return Buffer.concat(chunks, size);
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  ENOTDIR: "part of its path is not a folder",
  EISDIR: "it is a directory, name a compiled object such as program.bpf.o",
  EACCES: "this user may not read it",
};
