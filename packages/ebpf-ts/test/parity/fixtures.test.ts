import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, describe, test } from "node:test";
import { fixturePath } from "../support/fixtures.ts";
import { kernelOrSkip, orFail, type SkipReason } from "../support/requirements.ts";
import { compareObjects } from "./compare-objects.ts";
import { buildJudge } from "./judge.ts";

const folder = mkdtempSync(join(tmpdir(), "ebpf-ts-parity-"));
const judge = join(folder, "judge");

function judgeOrSkip(): SkipReason {
  try {
    buildJudge(judge);
    return kernelOrSkip();
  } catch {
    return orFail("there is no C compiler here, or no libbpf-dev");
  }
}

describe("the fixtures load as with libbpf", { skip: judgeOrSkip() }, () => {
  after(() => rmSync(folder, { recursive: true, force: true }));

  test("programs have the same outcome and tag, maps the same attributes", async () => {
    const objects = dirname(fixturePath("maps.bpf.o"));
    const paths = readdirSync(objects).filter((name) => name.endsWith(".o"));
    const differences: string[] = [];
    const tally = await compareObjects(
      paths.map((name) => join(objects, name)),
      {
        judge,
        attach: false,
        tell: (object, { of, what, ours, theirs }, reason) => {
          if (reason === undefined) differences.push(`${object}, ${of}: ${what}, ours ${ours}, libbpf ${theirs}`);
        },
      },
    );
    assert.deepEqual(differences, []);
    assert.ok(tally.loaded > 100, `${tally.loaded} programs were loaded by both`);
  });
});
