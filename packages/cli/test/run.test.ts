import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { kernelOrSkip, mountTracefs, rootOrSkip, tracing } from "./requirements.ts";
import { copyForNobody, ebpf, nobody, root, runFile, runNode } from "./ebpf.ts";

const object = "examples/user-ringbuf/user_ringbuf.bpf.o";
const message = '{"i":1,"comm":"hello"}';
const command = ["--", "sh", "-c", "kill -0 $$; kill -0 $$"];

let unmountTracefs = (): void => {};
before(() => {
  if (kernelOrSkip() === false) unmountTracefs = mountTracefs();
});
after(() => unmountTracefs());

for (const engine of ["embedded", "kernel"]) {
  describe(`ebpf run (${engine})`, { skip: engine === "kernel" ? kernelOrSkip() : false }, () => {
    const only = ["--engine", engine];

    it("prints columns named by BTF, and the sums", async () => {
      const { code, stdout, stderr } = await ebpf([
        "run",
        object,
        ...only,
        "--send",
        `user_ringbuf=${message}`,
        ...command,
      ]);
      assert.equal(code, 0, stderr);
      assert.match(stdout, /^PID\s+COMM\n\d+\s+sh\n$/);
      assert.match(stderr, /^received 1 · lost 0$/m);
    });

    it("prints JSON, one event a line", async () => {
      const sends = Array.from({ length: 5 }, () => ["--send", `user_ringbuf=${message}`]).flat();
      const { code, stdout } = await ebpf(["run", object, ...only, "--json", ...sends, ...command]);
      assert.equal(code, 0);
      const events = stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line));
      assert.equal(events.length, 5);
      for (const event of events) assert.deepEqual([event.source, event.event.comm], ["kernel_ringbuf", "sh"]);
    });

    it("ends after --count events", async () => {
      const sends = Array.from({ length: 5 }, () => ["--send", `user_ringbuf=${message}`]).flat();
      const { code, stdout } = await ebpf([
        "run",
        object,
        ...only,
        "--json",
        "-n",
        "2",
        ...sends,
        "--",
        "sh",
        "-c",
        "kill -0 $$; sleep 30",
      ]);
      assert.equal(code, 0);
      assert.equal(stdout.trim().split("\n").length, 2);
    });

    it("ends after --duration", async () => {
      const { code, stdout, stderr } = await ebpf(["run", object, ...only, "--duration", "0.2", "--", "sleep", "30"]);
      assert.deepEqual([code, stdout], [0, ""]);
      assert.match(stderr, /received 0 · lost 0/);
      assert.match(stderr, /--send/, "says why nothing came");
    });

    it("says by which signal the command ended", async () => {
      const { code, stderr } = await ebpf(["run", object, ...only, "--", "sh", "-c", "kill -SEGV $$"]);
      assert.equal(code, 1, stderr);
      assert.match(stderr, /^ebpf: The command sh was ended by SIGSEGV/m);
      assert.doesNotMatch(stderr, /\n\s+at /);
    });

    it("ends when nobody reads its output any more", { timeout: 60_000 }, async () => {
      const run = `run ${object} ${only.join(" ")} --json --send 'user_ringbuf=${message}'`;
      const script = `"$0" packages/cli/bin/ebpf.js ${run} -- sh -c 'kill -0 $$; sleep 50'`;
      const { stdout, stderr } = await runFile("bash", ["-c", `${script} | true; echo $PIPESTATUS`, process.execPath]);
      assert.equal(stdout, "0\n", stderr);
      assert.doesNotMatch(stderr, /\n\s+at /);
    });

    it("says that its output cannot be written", async () => {
      const script = `exec "$0" packages/cli/bin/ebpf.js run ${object} ${only.join(" ")} --send 'user_ringbuf=${message}' -- sh -c 'kill -0 $$' >/dev/full`;
      const { code, stderr } = await runFile("sh", ["-c", script, process.execPath]);
      assert.equal(code, 1, stderr);
      assert.match(stderr, /^ebpf: Cannot write to standard output: there is no space left on the device$/m);
      assert.doesNotMatch(stderr, /\n\s+at /);
    });

    it("says that a command does not exist", async () => {
      const { code, stderr } = await ebpf(["run", object, ...only, "--", "no-such-command-anywhere"]);
      assert.equal(code, 1);
      assert.match(stderr, /no-such-command-anywhere/);
      assert.doesNotMatch(stderr, /\n\s+at /);
    });
  });
}

describe("ebpf: wrong usage is exit code 2, everything else that fails is 1", () => {
  const usage = [
    { title: "no command", args: [] },
    { title: "an unknown command", args: ["dance"] },
    { title: "an unknown option", args: ["run", object, "--fast"] },
    { title: "an unknown engine", args: ["run", object, "--engine", "steam"] },
    { title: "a count that is no number", args: ["run", object, "--count", "many"] },
    { title: "half an event", args: ["run", object, "--count", "1.5"] },
    { title: "a time without an end", args: ["run", object, "--duration", "1e10"] },
    { title: "a message without a ring", args: ["run", object, "--send", "hello"] },
    { title: "nothing behind --", args: ["run", object, "--engine", "kernel", "--"], says: /Nothing stands after --/ },
    { title: "the embedded engine without a command", args: ["run", object, "--engine", "embedded"] },
    {
      title: "a message that does not fit",
      args: ["run", object, "--engine", "embedded", "--send", 'user_ringbuf={"i":"x"}', ...command],
      says: /\bi\b/,
    },
    {
      title: "a ring that is not there",
      args: ["run", object, "--engine", "embedded", "--send", "nothing={}", ...command],
      says: /nothing/,
    },
  ];
  for (const { title, args, says = /./ } of usage) {
    it(title, async () => {
      const { code, stderr } = await ebpf(args);
      assert.equal(code, 2, stderr);
      assert.match(stderr, says);
      assert.doesNotMatch(stderr, /\n\s+at /);
    });
  }

  const failures = [
    {
      title: "a missing file",
      args: ["run", "missing.bpf.o", ...command],
      says: /missing\.bpf\.o: there is no such file/,
    },
    { title: "a file without an end", args: ["inspect", "/dev/zero"], says: /^ebpf: Cannot read \/dev\/zero: / },
    { title: "a file that is no ELF", args: ["inspect", "package.json"], says: /ELF/ },
    { title: "an x86 ELF", args: ["inspect", "/bin/sh"], says: /clang -target bpf/ },
  ];
  for (const { title, args, says } of failures) {
    it(title, async () => {
      const { code, stderr } = await ebpf(args);
      assert.equal(code, 1, stderr);
      assert.match(stderr, says);
      assert.equal(stderr.trim().split("\n").length, 1, stderr);
    });
  }

  it("says that nothing was attached", async () => {
    const fixture = "packages/ebpf-ts/test/fixtures/insn.bpf.o";
    const { code, stderr } = await ebpf(["run", fixture, "--engine", "embedded", "--", "true"]);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /^no program was attached/m);
  });

  it("says that the folder is gone", async () => {
    const script = `cd "$(mktemp -d)" && rmdir "$PWD" && exec "$0" "${root}packages/cli/bin/ebpf.js" run "${root}${object}" -- true`;
    const { code, stderr } = await runFile("sh", ["-c", script, process.execPath]);
    assert.equal(code, 1, stderr);
    assert.match(stderr, /^ebpf: Cannot run where the current folder was removed.*\n$/);
  });

  it("shows the stack when DEBUG asks for it", async () => {
    const { code, stderr } = await ebpf(["inspect", "package.json"], { env: { DEBUG: "1" } });
    assert.equal(code, 1);
    assert.match(stderr, /\n\s+at /);
  });

  it("helps", async () => {
    for (const args of [["--help"], ["run", "--help"], ["inspect", "--help"]]) {
      const { code, stdout } = await ebpf(args);
      assert.equal(code, 0);
      assert.match(stdout, /Usage: ebpf/);
    }
  });
});

describe("the example and the command, without root", { skip: rootOrSkip("to become another user") }, () => {
  let copy: Awaited<ReturnType<typeof copyForNobody>>;
  before(async () => {
    copy = await copyForNobody();
  });
  after(() => copy.remove());

  it("the example prints a header and ten rows with the pid and comm of the real child", async () => {
    const { code, stdout, stderr } = await runNode(["examples/user-ringbuf/build/main.js"], {
      root: copy.root,
      uid: nobody,
    });
    assert.equal(code, 0, stderr);
    checkExample(stdout);
  });

  it("ebpf run watches a command", async () => {
    const { code, stdout, stderr } = await ebpf(["run", object, "--send", `user_ringbuf=${message}`, ...command], {
      root: copy.root,
      uid: nobody,
    });
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^PID\s+COMM\n\d+\s+sh\n$/);
  });

  it("says what the events of the whole system take, where there is no command", async () => {
    const { code, stderr } = await ebpf(["run", object], { root: copy.root, uid: nobody });
    assert.equal(code, 1, "a privilege that is missing is no wrong usage");
    assert.match(
      stderr,
      /^ebpf: Without a command, events are the whole system's, .*(root|CAP_BPF).*: add a command .*\n$/,
    );
    const wrong = await ebpf(["run", object, "--engine", "embedded"], { root: copy.root, uid: nobody });
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /^ebpf: The embedded engine's events are those of a command: add one.*\n$/);
  });

  it("the kernel engine says which privilege is missing", async () => {
    const { code, stderr } = await ebpf(["run", object, "--engine", "kernel", ...command], {
      root: copy.root,
      uid: nobody,
    });
    assert.equal(code, 1);
    assert.match(stderr, /CAP_BPF/);
    assert.match(stderr, /ebpf run --engine embedded/);
    assert.equal(stderr.trim().split("\n").length, 1, stderr);
  });
});

describe("the example on the kernel", { skip: kernelOrSkip() }, () => {
  it("does the same from the same object", async () => {
    const { code, stdout, stderr } = await runNode(["examples/user-ringbuf/build/main.js", "--engine", "kernel"]);
    assert.equal(code, 0, stderr);
    checkExample(stdout);
  });
});

describe("a host without its file systems", { skip: kernelOrSkip() }, () => {
  it("tracefs is not mounted: says how to mount it", async () => {
    // In a mount namespace of its own, so that nobody else loses tracefs.
    const script = `umount ${tracing}; exec "$0" packages/cli/bin/ebpf.js run ${object} --engine kernel -- true`;
    const { code, stderr } = await runFile("unshare", ["-m", "sh", "-c", script, process.execPath]);
    assert.equal(code, 1, stderr);
    assert.match(stderr, /mount -t tracefs tracefs \/sys\/kernel\/tracing/);
    assert.equal(stderr.trim().split("\n").length, 1, stderr);
  });

  it("the example ends then, though its child waits for input", { timeout: 60_000 }, async () => {
    const script = `umount ${tracing}; exec "$0" examples/user-ringbuf/build/main.js --engine kernel`;
    const { code, stderr } = await runFile("unshare", ["-m", "sh", "-c", script, process.execPath]);
    assert.equal(code, 1, stderr);
    assert.match(stderr, /^Cannot attach program drain_samples: .*\n$/);
  });
});

function checkExample(stdout: string): void {
  const lines = stdout.trim().split("\n");
  assert.equal(lines[0], "Draining current samples...");
  assert.match(lines[1]!, /^TIME {5}EVENT COMM {13}PID\s*$/);
  const rows = lines.filter((line) => /^\d\d:\d\d:\d\d SIGN {2}sh {15}\d+\s*$/.test(line));
  assert.equal(rows.length, 10, stdout);
  assert.equal(new Set(rows.map((row) => row.trim().split(/\s+/).at(-1))).size, 1, "one child");
  assert.equal(lines.at(-1), "sent 11 · received 10 · lost 0");
}
