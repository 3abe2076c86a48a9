import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { describe, it } from "node:test";
import { VerifierError } from "../../src/base/errors.ts";
import { haveKernel } from "../../src/engine/kernel/kernel-engine.ts";
import { isKernelBefore } from "../../src/engine/kernel/kernel-release.ts";
import { readVerdict } from "../../src/engine/kernel/load/verdict.ts";
import { verifierError } from "../../src/engine/kernel/load/verifier-error.ts";
import { load } from "../../src/load.ts";
import { Errno } from "../../src/uapi/errno.ts";
import { Command } from "../../src/uapi/uapi.gen.ts";
import { fixturePath } from "../support/fixtures.ts";
import { kernelOrSkip, orFail } from "../support/requirements.ts";
import { changedSys, loadFixture, moduleUrl } from "./kernel-fixture.ts";

describe("kernel: refusals of the verifier", { skip: kernelOrSkip() }, () => {
  const cases = [
    {
      object: "bad/gpl-only-helper",
      program: "gpl_only",
      message:
        /gpl-only-helper\.bpf\.c:\d+ .*bpf_probe_read_kernel is for programs with a GPL-compatible licence, and this one's is "Proprietary"/,
    },
    { object: "bad/no-license", program: "gpl_only", message: /this one's is "": say char LICENSE/ },
    {
      object: "bad/not-optimised",
      program: "run",
      message: /calls helpers when it does not optimise: compile it with -O2/,
    },
    { object: "bad/unknown-helper", program: "calls_unknown", message: /this kernel has no helper 9999/ },
    {
      object: "bad/core-missing-field",
      program: "enter_kill",
      message:
        /core-missing-field\.bpf\.c:15 `return context->colour != 0;`: it reaches for struct trace_event_raw_sys_enter\.colour, which this kernel does not have \(CO-RE\): its struct trace_event_raw_sys_enter has no member colour/,
    },
    {
      object: "bad/core-read-field",
      program: "enter",
      message:
        /core-read-field\.bpf\.c:17 `int value = BPF_CORE_READ\(task, colour\);`: it reaches for struct task_struct\.colour, which/,
    },
    {
      object: "kernel-refused",
      program: "long_way",
      message:
        /program long_way: refused by the verifier at \S*kernel-refused\.bpf\.c:27 `return \*value;`: .*map_value_or_null/,
    },
  ];
  for (const { object, program, message } of cases) {
    it(object, async () => {
      await assert.rejects(loadFixture(object), (error: Error) => {
        assert.ok(error instanceof VerifierError);
        assert.equal(error.program, program);
        assert.match(error.message.split("\n")[0]!, message);
        assert.match(error.log, /processed \d+ insns/);
        return true;
      });
    });
  }

  it("keeps the whole of a long log", async () => {
    await assert.rejects(loadFixture("kernel-refused"), (error: VerifierError) => {
      assert.ok(error.log.length > 1_000_000, `the log has only ${error.log.length} characters`);
      assert.match(error.log.slice(0, 200), /^(func#0|0: )/m);
      return true;
    });
  });
});

describe("kernel: what a verifier log says", () => {
  const statistics =
    "processed 4 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0\n";

  it("the line before the statistics, and the instruction before it", () => {
    const log = `0: R1=ctx() R10=fp0\n; x = *p; @ a.c:3\n4: (79) r0 = *(u64 *)(r0 +0)\nR0 invalid mem access 'map_value_or_null'\n${statistics}`;
    assert.deepEqual(readVerdict(log), {
      reason: "R0 invalid mem access 'map_value_or_null'",
      advice: undefined,
      slot: 4,
      instruction: "(79) r0 = *(u64 *)(r0 +0)",
    });
  });

  const report = `
Verification failed: Register Type Safety: Invalid dereference

Reason:
  R0 may be NULL here (a nullable map value pointer). The program could dereference NULL on this
  path, so the verifier cannot prove this access is safe.

At:
  run @ a.c:3:9
  Instruction context:
      3 | (85) call bpf_map_lookup_elem#1
  >>> 4 | (79) r0 = *(u64 *)(r0 +0)

Suggestion:
  Add a NULL check before the access and dereference the pointer only on the
  non-NULL path.

`;

  it("a report behind it (Linux 7.3) is no reason, and has advice", () => {
    const log = `4: (79) r0 = *(u64 *)(r0 +0)\nR0 invalid mem access 'map_value_or_null'\n${report}${statistics}`;
    const { reason, advice, slot } = readVerdict(log);
    assert.equal(reason, "R0 invalid mem access 'map_value_or_null'");
    assert.equal(advice, "Add a NULL check before the access and dereference the pointer only on the non-NULL path.");
    assert.equal(slot, 4);
  });

  it("a report alone has the reason", () => {
    const { reason, slot } = readVerdict(`4: (79) r0 = *(u64 *)(r0 +0)\n${report}${statistics}`);
    assert.match(reason, /^R0 may be NULL here .* on this path, so the verifier cannot prove this access is safe\.$/);
    assert.equal(slot, 4);
  });

  it("states of registers are not taken for a reason", () => {
    const log = `4: (85) call bpf_x#9\nunknown func bpf_x#9\nR1_w=ctx(off=0,imm=0) R10=fp0\n${statistics}`;
    assert.equal(readVerdict(log).reason, "unknown func bpf_x#9");
  });

  it("nor the states of a loop that has no end", () => {
    const log = `1: (05) goto pc-1\n\ninfinite loop detected at insn 1\ncur state: R1=1 R10=fp0\nold state: R1=1 R10=fp0\n${statistics}`;
    assert.equal(readVerdict(log).reason, "infinite loop detected at insn 1");
  });

  it("no log, no reason", () => {
    assert.deepEqual(readVerdict(""), { reason: "", advice: undefined, slot: -1, instruction: "" });
    assert.deepEqual(readVerdict(statistics), { reason: "", advice: undefined, slot: -1, instruction: "" });
  });
});

describe(
  "kernel: without privilege",
  { skip: kernelOrSkip() || orFail(process.geteuid!() === 0 ? false : "only root can become somebody else") },
  () => {
    it("loading, and asking whether one could, say what it takes", { skip: !existsSync("/proc/self/status") }, () => {
      const script = `
      process.setgid(65534);
      process.setuid(65534);
      const { haveKernel } = await import(${JSON.stringify(moduleUrl("engine/kernel/kernel-engine.js"))});
      const { loadFixture } = await import(${JSON.stringify(moduleUrl("../test/kernel/kernel-fixture.js"))});
      const { openById } = await import(${JSON.stringify(moduleUrl("open.js"))});
      const failed = (error) => ({ code: error.code, message: error.message });
      const failure = await loadFixture("kernel-run").then(() => ({}), failed);
      const opening = await openById(1).then(() => ({}), failed);
      console.log(JSON.stringify({ have: haveKernel(), failure, opening }));
    `;
      const output = execFileSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
      const { have, failure, opening } = JSON.parse(output) as {
        have: { usable: boolean; reason: string };
        failure: { code: string; message: string };
        opening: { code: string; message: string };
      };
      assert.equal(have.usable, false);
      assert.match(have.reason, /^Cannot use the kernel: needs root or CAP_BPF and CAP_PERFMON$/);
      assert.equal(failure.code, "NO_PRIVILEGE");
      assert.match(failure.message, /^Cannot load programs: needs root or CAP_BPF.*, or use engine: "embedded"$/);
      assert.deepEqual(opening, {
        code: "NO_PRIVILEGE",
        message: "Cannot open map 1: it takes root, or CAP_SYS_ADMIN (EPERM)",
      });
    });

    it(
      "root without capabilities, as in a container, is not told to be root",
      { skip: !existsSync("/usr/bin/setpriv") && orFail("there is no setpriv on this host") },
      () => {
        const script = `
      const { haveKernel } = await import(${JSON.stringify(moduleUrl("engine/kernel/kernel-engine.js"))});
      const { openById } = await import(${JSON.stringify(moduleUrl("open.js"))});
      const opening = await openById(1).then(() => "", (error) => error.message);
      console.log(JSON.stringify([haveKernel().reason, opening]));
    `;
        const none = "-sys_admin,-bpf,-perfmon";
        const args = [
          `--bounding-set=${none}`,
          `--inh-caps=${none}`,
          process.execPath,
          "--input-type=module",
          "-e",
          script,
        ];
        assert.deepEqual(JSON.parse(execFileSync("setpriv", args, { encoding: "utf8" })), [
          "Cannot use the kernel: needs CAP_BPF and CAP_PERFMON, which root does not have here, as in most containers",
          "Cannot open map 1: it takes CAP_SYS_ADMIN, which root does not have here (EPERM)",
        ]);
      },
    );
  },
);

describe("kernel: without bpf(2)", { skip: kernelOrSkip() }, () => {
  const sys = changedSys(() => ({ bpf: () => -Errno.ENOSYS, bpfAsync: async () => -Errno.ENOSYS }));

  it("is not there, and says so", async () => {
    assert.deepEqual(haveKernel(sys), {
      usable: false,
      reason: "Cannot use the kernel: this kernel has no bpf(2)",
      code: "NOT_SUPPORTED",
    });
    await assert.rejects(loadFixture("kernel-run", { sys }), {
      name: "NotSupportedError",
      feature: "bpf",
      message: /: this kernel has no bpf\(2\), use engine: "embedded"$/,
    });
  });
});

describe("kernel: older than a helper", () => {
  it("says which it lacks, and since when there is one", () => {
    const program = { name: "keeps", instructions: [], lines: [], functions: [], references: [], absent: [] };
    const refused = (id: number): string =>
      verifierError(program, "GPL", Errno.EINVAL, `3: (85) call unknown#${id}\ninvalid func unknown#${id}\n`).message;
    assert.match(refused(210), /: this kernel has no helper bpf_cgrp_storage_get \(Linux 6\.2\) \(EINVAL/);
    assert.match(refused(9999), /: this kernel has no helper 9999 \(EINVAL/);
  });
});

describe("kernel: older than the programs", { skip: kernelOrSkip() }, () => {
  it("says since which Linux there are such", async () => {
    const sys = changedSys((real) => ({
      bpfAsync: async (command, attributes) =>
        command === Command.PROG_LOAD ? -Errno.EINVAL : real.bpfAsync(command, attributes),
    }));
    await assert.rejects(loadFixture("kernel-attach", { sys }), {
      errnoName: "EINVAL",
      message: /does not know programs of type tracepoint \(tracepoint: Linux 4\.7\)/,
    });
  });

  const newer = { on_session: ["fsession", "7.0"], on_tracepoint: ["tp.s", "7.2"], on_many: ["fentry.multi", "7.2"] };
  for (const [name, [kind = "", since = ""]] of Object.entries(newer))
    it(
      `says so where the verifier has another word for it (${kind})`,
      { skip: !isKernelBefore(since) && "it is newer" },
      async () => {
        await assert.rejects(load(fixturePath("newest.bpf.o"), { engine: "kernel", only: [name] }), {
          code: "NOT_SUPPORTED",
          feature: kind,
          minimumVersion: since,
          message: new RegExp(`^Cannot load program ${name}: this kernel has no ${kind} programs \\(Linux ${since}\\)`),
        });
      },
    );
});

describe("kernel: locked down", { skip: kernelOrSkip() }, () => {
  it("says so, and what remains", async (t) => {
    // In a mount namespace of its own, where the file that tells it is sure to be.
    const script = `
      const { load } = await import(${JSON.stringify(moduleUrl("load.js"))});
      const options = { engine: "kernel", only: ["on_fentry"] };
      await load(${JSON.stringify(fixturePath("kernel-functions.bpf.o"))}, options).catch(({ code, message }) => console.log(code, message));
    `;
    const security = "/sys/kernel/security";
    const mount = `mount -t securityfs securityfs ${security}; cat ${security}/lockdown; exec "$0" --input-type=module -e "$1"`;
    const output = execFileSync("unshare", ["-m", "sh", "-c", mount, process.execPath, script], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    const level = /\[(integrity|confidentiality)\]/.exec(output)?.[1];
    if (level === undefined) return t.skip("this kernel is not locked down");
    assert.match(
      output,
      new RegExp(
        `NO_PRIVILEGE Cannot load program on_fentry: .*locked down to ${level}: take tracepoints or uprobes, or boot`,
      ),
    );
  });
});
