import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { tableFromIPC, Vector } from "apache-arrow";
import { TextColumn } from "ebpf-ts";
import { dataOf } from "./arrow-file.ts";

const main = fileURLToPath(new URL("./main.js", import.meta.url));

interface Row {
  readonly time: number;
  readonly pid: number;
  readonly bytes: number;
  readonly comm: string;
}

describe("events in columns", () => {
  let folder = "";
  before(async () => void (folder = await mkdtemp(join(tmpdir(), "columns-"))));
  after(() => rm(folder, { recursive: true }));

  it("a file of Apache Arrow has every read of the command, and the sums are theirs", async () => {
    const path = join(folder, "reads.arrow");
    const { stdout } = await promisify(execFile)(process.execPath, [
      main,
      "--arrow",
      path,
      "--",
      "head",
      "-c",
      "50",
      main,
    ]);
    const table = tableFromIPC(await readFile(path));
    const rows = table.toArray().map((row) => row.toJSON() as Row);
    assert.ok(rows.length > 0);
    assert.ok(rows.every(({ comm, pid }) => comm === "head" && pid === rows[0]!.pid));
    assert.ok(rows.every(({ time }, index) => index === 0 || time >= rows[index - 1]!.time));
    const bytes = rows.reduce((sum, row) => sum + Math.max(row.bytes, 0), 0);
    const line = new RegExp(`^ *${rows[0]!.pid} head +${rows.length} +${bytes}$`, "m");
    assert.match(stdout, line);
    assert.match(stdout, new RegExp(`^${rows.length} events in `, "m"));
  });

  it("Arrow takes the columns without a copy", () => {
    const reads = {
      time: Float64Array.of(1, 2),
      pid: Uint32Array.of(3, 4),
      bytes: Int32Array.of(5, -6),
      comm: new TextColumn(Int32Array.of(0, 2, 5), new TextEncoder().encode("shcat")),
    };
    const [time, pid, bytes, comm] = dataOf(reads);
    assert.deepEqual(
      [time, pid, bytes, comm].map((data) => data!.values.buffer),
      [reads.time, reads.pid, reads.bytes, reads.comm.bytes].map(({ buffer }) => buffer),
    );
    assert.equal(comm!.valueOffsets.buffer, reads.comm.offsets.buffer);
    assert.deepEqual([...new Vector([comm!])], ["sh", "cat"]);
    assert.deepEqual([...new Vector([bytes!])], [5, -6]);
  });
});
