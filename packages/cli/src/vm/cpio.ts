import { open, type FileHandle } from "node:fs/promises";

/** What stands in an initramfs. Times are in seconds; a file is read when it is written. */
export type ArchiveEntry =
  | { readonly kind: "folder"; readonly mode: number; readonly mtime: number }
  | { readonly kind: "link"; readonly target: string; readonly mtime: number }
  | { readonly kind: "bytes"; readonly bytes: Uint8Array; readonly mode: number }
  | {
      readonly kind: "file";
      readonly source: string;
      readonly size: number;
      readonly mode: number;
      readonly mtime: number;
    };

const formats = { folder: 0o040000, link: 0o120000, bytes: 0o100000, file: 0o100000 } as const;
const pieceSize = 1 << 20;

/** Bytes that an entry's contents take. */
export function sizeOf(entry: ArchiveEntry): number {
  return entry.kind === "file" ? entry.size : contentsOf(entry).length;
}

function contentsOf(entry: Exclude<ArchiveEntry, { readonly kind: "file" }>): Uint8Array {
  if (entry.kind === "bytes") return entry.bytes;
  return Buffer.from(entry.kind === "link" ? entry.target : "");
}

/**
 * Writes the "newc" format of cpio, as Documentation/driver-api/early-userspace/buffer-format.rst of Linux 6.18 has it: a header of
 * hexadecimal numbers, the name and the contents, each filled up to 4 bytes. All belongs to root. The kernel makes no folder by itself:
 * parents come before what is in them. Gives the files that cannot be read, and are left out.
 */
export async function writeCpio(path: string, entries: ReadonlyMap<string, ArchiveEntry>): Promise<string[]> {
  await using output = await open(path, "w", 0o600);
  const leftOut: string[] = [];
  let inode = 1;
  for (const [name, entry] of entries) {
    const input = entry.kind === "file" ? await open(entry.source, "r").catch(() => undefined) : undefined;
    if (entry.kind === "file" && input === undefined) leftOut.push(name);
    else await writeEntry(output, header(inode++, name.slice(1), entry), entry, input);
  }
  await output.write(header(0, "TRAILER!!!", { kind: "bytes", bytes: new Uint8Array(), mode: 0 }));
  return leftOut;
}

async function writeEntry(output: FileHandle, head: Buffer, entry: ArchiveEntry, input?: FileHandle): Promise<void> {
  const size = sizeOf(entry);
  try {
    await output.write(head);
    if (input !== undefined) await copy(input, size, output);
    else if (entry.kind !== "file") await output.write(contentsOf(entry));
    await output.write(filling(size));
  } finally {
    await input?.close();
  }
}

function header(inode: number, name: string, entry: ArchiveEntry): Buffer {
  const permissions = entry.kind === "link" ? 0o777 : entry.mode & 0o7777;
  const mode = inode === 0 ? 0 : formats[entry.kind] | permissions;
  const mtime = entry.kind === "bytes" ? 0 : entry.mtime;
  const size = sizeOf(entry);
  const bytes = Buffer.from(`${name}\0`);
  // c_ino, c_mode, c_uid, c_gid, c_nlink, c_mtime, c_filesize, four numbers of devices, c_namesize, c_chksum
  const numbers = [inode, mode, 0, 0, 1, mtime, size, 0, 0, 0, 0, bytes.length, 0];
  const head = Buffer.from(`070701${numbers.map((number) => number.toString(16).padStart(8, "0")).join("")}`);
  return Buffer.concat([head, bytes, filling(head.length + bytes.length)]);
}

function filling(size: number): Buffer {
  return Buffer.alloc(-size & 3);
}

/** Exactly so many bytes: of a file that somebody writes meanwhile what it has of them, and zeros. */
async function copy(input: FileHandle, size: number, output: FileHandle): Promise<void> {
  const piece = Buffer.alloc(Math.min(size, pieceSize));
  for (let done = 0; done < size;) {
    const wanted = Math.min(piece.length, size - done);
    const { bytesRead } = await input.read(piece, 0, wanted);
    if (bytesRead === 0) piece.fill(0);
    const count = bytesRead === 0 ? wanted : bytesRead;
    await output.write(piece, 0, count);
    done += count;
  }
}
