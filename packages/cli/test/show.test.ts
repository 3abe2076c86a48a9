import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { ebpf, type Outcome, root, runFile } from "./ebpf.ts";
import { kernelOrSkip, mountTracefs } from "./requirements.ts";

const fixtures = "packages/cli/test/fixtures";
const page = readFileSync(join(root, "docs/ebpf-run.md"), "utf8");
/** A command, and what it prints. */
const pictures = [...page.matchAll(/^```console\n\$ (ebpf run (\S+) .*)\n([^]*?)^```$/gm)].map(
  ([, command, object, output]) => ({ command: command!, object: object!, output: output! }),
);

/** A number that no process has as its pid, for this run alone: others may run the same objects. */
function ownBase(): number {
  return 1_000_000 * randomInt(1100, 2100) + 1000 * randomInt(1000);
}

/** Times, and whose they are, as the page has them. */
function still(text: string): string {
  return text
    .replace(/\d\d:\d\d:\d\d\.\d{3}/g, "12:00:00.000")
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, "2026-01-01T12:00:00.000Z")
    .replace(
      /^((?:\S+ +)?12:00:00\.000) \d{10,20} {0,10}( \d)/gm,
      (_, time, next) => `${time} ${"1000000000000".padEnd(20)}${next}`,
    )
    .replace(/"ts":\d+/g, '"ts":1000000000000')
    .replace(/"cpu":\d+/g, '"cpu":0')
    .replace(/^((?:bpf_printk )?12:00:00\.000) \d+ +(?=kill|number)/gm, (_, time) => `${time} ${"1000".padEnd(11)}`);
}

let unmountTracefs = (): void => {};
before(() => {
  if (kernelOrSkip() === false) unmountTracefs = mountTracefs();
});
after(() => unmountTracefs());

function kills(base: number, ...numbers: readonly number[]): string[] {
  return ["--", "sh", "-c", `kill -0 ${numbers.map((number) => base + number).join(" ")} 2>/dev/null`];
}

for (const engine of ["embedded", "kernel"]) {
  describe(`what ebpf run shows (${engine})`, { skip: engine === "kernel" ? kernelOrSkip() : false }, () => {
    for (const { command, object, output } of pictures) {
      it(`the picture of ${command.split(" -- ")[0]}`, async () => {
        const digits = `${ownBase()}`.slice(0, -3);
        const own = command
          .replaceAll(/1500000(?=\d{3})/g, digits)
          .replace(`ebpf run ${object}`, `ebpf run ${fixtures}/${object} --engine ${engine}`);
        const script = `ebpf() { "${process.execPath}" packages/cli/bin/ebpf.js "$@"; }; ${own}`;
        const env = { COLUMNS: "80", NO_COLOR: "1" };
        const { code, stdout, stderr } = await runFile("sh", ["-c", script], { env });
        assert.equal(still(stdout), output, stderr);
        assert.equal(code, 0);
      });
    }

    async function run(name: string, args: readonly string[], env = {}): Promise<Outcome> {
      return ebpf(["run", `${fixtures}/${name}.bpf.o`, "--engine", engine, ...args], {
        env: { COLUMNS: "80", ...env },
      });
    }

    it("-n counts what is printed, of all sources together", async () => {
      const base = ownBase();
      const command = kills(base, ...Array.from({ length: 40 }, (_, number) => number));
      const { code, stdout, stderr } = await run("show-rings", [
        "--json",
        "-n",
        "7",
        "--set",
        `base=${base}`,
        ...command,
      ]);
      assert.equal(code, 0, stderr);
      assert.equal(stdout.trim().split("\n").length, 7);
    });

    it("says what was lost, of each source", async () => {
      const base = ownBase();
      const { stderr } = await run("show-rings", ["--set", `base=${base}`, ...kills(base, 0, 1, 2, 3)]);
      assert.match(stderr, /^received 4 · lost 0/m);
      for (const source of ["opens", "closes", "samples", "bpf_printk"])
        assert.match(stderr, new RegExp(`^ {2}${source}: received 1`, "m"));
    });

    it("shows the maps again and again, with the time, and the values of each CPU", async () => {
      const base = ownBase();
      let end = (): void => {};
      const args = ["--interval", "0.05", "--per-cpu", "--set", `base=${base}`];
      const { code, stdout, stderr } = await ebpf(
        [
          "run",
          `${fixtures}/show-maps.bpf.o`,
          "--engine",
          engine,
          ...args,
          "--",
          "sh",
          "-c",
          `kill -0 ${base + 5} 2>/dev/null; read line`,
        ],
        {
          keepInput: true,
          env: { COLUMNS: "80" },
          onOutput: (text, _pid, write) => {
            if ((text.match(/^by_rest$/gm)?.length ?? 0) < 3) return;
            end = () => write("\n");
            end();
          },
        },
      );
      assert.equal(code, 0, stderr);
      assert.match(stdout, /^\d\d:\d\d:\d\d\.\d{3}\n\ncounts\n/m);
      assert.match(stdout, /^by_rest\nKEY {2}CPU {2}VALUE\n {2}1 +\d+ +1\n/m);
    });

    it("cuts lines to the terminal's width, where there is one, and paints where that is wanted", async () => {
      const base = ownBase();
      const args = ["--set", `base=${base}`, ...kills(base, 1)];
      const narrow = await run("show-perf", args, { COLUMNS: "20" });
      for (const line of narrow.stdout.trim().split("\n"))
        assert.equal([...line].length <= 20 && line.endsWith("…"), true, line);
      const whole = await run("show-perf", args, { COLUMNS: "", FORCE_COLOR: "1" });
      assert.ok(whole.stdout.startsWith("\x1b[1mTIME "), whole.stdout);
      assert.ok(whole.stdout.split("\n", 1)[0]!.endsWith("COMM\x1b[22m"), whole.stdout);
      assert.match(whole.stdout, /sh\n$/);
      const plain = await run("show-perf", args, { FORCE_COLOR: "0" });
      assert.equal(plain.stdout.includes("\x1b"), false);
    });

    it("an object with nothing in its maps says so", async () => {
      const { code, stdout, stderr } = await run("show-maps", ["--set", `base=${ownBase()}`, "--", "true"]);
      assert.deepEqual([code, stdout], [0, ""], stderr);
      assert.match(stderr, /^there is nothing in the maps$/m);
    });
  });
}

describe("ebpf run: faults of the embedded engine", () => {
  it("are told once, with a count at the end, and the exit code says that there were some", async () => {
    const base = ownBase();
    const object = `${fixtures}/show-fault.bpf.o`;
    const args = ["--engine", "embedded", "--set", `base=${base}`, ...kills(base, 1, 2, 3)];
    const { code, stderr } = await ebpf(["run", object, ...args]);
    assert.equal(code, 3, stderr);
    assert.equal(stderr.match(/^ebpf: Program on_kill was ended/gm)?.length, 1, stderr);
    assert.match(stderr, /^ebpf: 3 times: Program on_kill was ended at .*null pointer$/m);
  });
});

it("ebpf --version says which it is", async () => {
  const { version } = JSON.parse(readFileSync(join(root, "packages/cli/package.json"), "utf8")) as { version: string };
  assert.deepEqual((await ebpf(["--version"])).stdout, `${version}\n`);
});
