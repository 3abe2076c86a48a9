import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { ebpf } from "./ebpf.ts";
import { kernelOrSkip, mountTracefs } from "./requirements.ts";

/** Programs that are run by hand, and no ring: nothing keeps the process running by itself. */
const object = "packages/ebpf-ts/test/fixtures/insn.bpf.o";
/** Maps alone, of a program that is attached. */
const silent = "packages/cli/test/fixtures/show-maps.bpf.o";
const says =
  /^the object has no ring buffer, no perf event array and no bpf_printk, so no events are printed; .*; it runs until (.*)$/m;

let unmountTracefs = (): void => {};
before(() => {
  if (kernelOrSkip() === false) unmountTracefs = mountTracefs();
});
after(() => unmountTracefs());

describe("ebpf run of an object without a ring buffer", { timeout: 60_000 }, () => {
  it(
    "on the kernel, ends at once where there is nothing to wait for, and says so",
    { skip: kernelOrSkip() },
    async () => {
      const { code, stdout, stderr } = await ebpf(["run", object, "--engine", "kernel"]);
      assert.deepEqual([code, stdout], [1, ""], stderr);
      assert.match(stderr, /^no program was attached/m);
      assert.match(stderr, /no events are printed; .*; so there is nothing to wait for: with a command after --/);
    },
  );

  it("says of an object without programs that it has none", async () => {
    const object = "packages/ebpf-ts/test/fixtures/core-shapes-target.bpf.o";
    const { stderr } = await ebpf(["run", object, "--engine", "embedded", "--", "true"]);
    assert.match(stderr, /^the object has no programs: SEC\("…"\) before a function makes it one$/m);
  });

  it("on the kernel, goes on until Ctrl-C where programs are attached", { skip: kernelOrSkip() }, async () => {
    let told = false;
    const { code, stderr } = await ebpf(["run", silent, "--engine", "kernel", "--pid", `${process.pid}`], {
      onErrors: (errors, pid) => {
        if (!told && says.test(errors)) process.kill(pid, "SIGINT");
        told = says.test(errors);
      },
    });
    assert.equal(code, 130, stderr);
    assert.equal(says.exec(stderr)?.[1], "Ctrl-C");
    assert.doesNotMatch(stderr, /^no program was attached/m);
  });

  it("on the kernel, goes on for the duration", { skip: kernelOrSkip() }, async () => {
    const { code, stderr } = await ebpf(["run", object, "--engine", "kernel", "--duration", "0.2"]);
    assert.equal(code, 0, stderr);
    assert.equal(says.exec(stderr)?.[1], "0.2 s are over, or until Ctrl-C");
  });

  for (const engine of ["embedded", "kernel"]) {
    const skip = engine === "kernel" ? kernelOrSkip() : false;

    it(`ends with its command (${engine})`, { skip }, async () => {
      const { code, stdout, stderr } = await ebpf(["run", object, "--engine", engine, "--", "sh", "-c", "echo done"]);
      assert.deepEqual([code, stdout], [0, "done\n"], stderr);
      assert.equal(says.exec(stderr)?.[1], "sh ends, or until Ctrl-C");
    });

    it(`refuses a file of types that is none, though nothing would ask for them (${engine})`, { skip }, async () => {
      const run = (file: string): ReturnType<typeof ebpf> =>
        ebpf(["run", object, "--engine", engine, "--btf", file, "--", "echo", "started"]);
      const missing = await run("/no/such/file");
      const said = "ebpf: Cannot read the types in /no/such/file: there is no such file\n";
      assert.deepEqual([missing.code, missing.stdout, missing.stderr], [1, "", said]);
      const other = await run("package.json");
      const none = "ebpf: Cannot read the types in package.json: it is no file of BTF\n";
      assert.deepEqual([other.code, other.stdout, other.stderr], [1, "", none]);
    });

    it(`ends its command after the duration (${engine})`, { skip }, async () => {
      const command = ["--duration", "0.2", "--", "sleep", "1000"];
      const { code, stderr } = await ebpf(["run", object, "--engine", engine, ...command]);
      assert.equal(code, 0, stderr);
      assert.equal(says.exec(stderr)?.[1], "sleep ends, or until 0.2 s are over, or until Ctrl-C");
    });
  }
});
