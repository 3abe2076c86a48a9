import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { after, before, describe, it } from "node:test";
import { ebpf, root, runFile } from "./ebpf.ts";
import { kernelOrSkip, mountTracefs } from "./requirements.ts";
import { isAlive, object, sends, stackTrace } from "./support.ts";

let unmountTracefs = (): void => {};
before(() => {
  if (kernelOrSkip() === false) unmountTracefs = mountTracefs();
});
after(() => unmountTracefs());

const exitCodes = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;
const patient = "while :; do sleep 0.1; done";

const noTerminal = spawnSync("script", ["--version"]).status === 0 ? false : "there is no script(1) on this host";

for (const engine of ["embedded", "kernel"]) {
  const skip = engine === "kernel" ? kernelOrSkip() : false;
  const args = ["run", object, "--engine", engine, ...sends(1)];

  describe(`a run that is ended by a signal (${engine})`, { skip, timeout: 60_000 }, () => {
    /** The command is prepared when its first event comes. */
    async function end(signal: keyof typeof exitCodes, preparation = ":") {
      let pid = 0;
      const outcome = await ebpf([...args, "--json", "--", "sh", "-c", `${preparation}; kill -0 $$; ${patient}`], {
        onOutput: (stdout, own) => {
          pid = JSON.parse(stdout).pid;
          process.kill(own, signal);
        },
      });
      return { ...outcome, pid };
    }

    for (const [signal, expected] of Object.entries(exitCodes)) {
      it(`${signal}: says what came, ends the command, and has the exit code of shells`, async () => {
        const { code, stderr, pid } = await end(signal as keyof typeof exitCodes);
        assert.equal(code, expected, stderr);
        assert.match(stderr, /^received 1 · lost 0$/m);
        assert.doesNotMatch(stderr, stackTrace);
        assert.equal(isAlive(pid), false);
      });
    }

    it("the command may still clean up", async () => {
      const { code, stderr } = await end("SIGTERM", "trap 'echo cleaned >&2; exit' TERM");
      assert.equal(code, 143);
      assert.match(stderr, /^cleaned$/m);
    });

    it("a command that does not want to end is killed", async () => {
      const { code, pid } = await end("SIGTERM", "trap '' TERM INT HUP");
      assert.equal(code, 143);
      assert.equal(isAlive(pid), false);
    });
  });

  describe(`a run at a terminal (${engine})`, { skip: skip || noTerminal, timeout: 60_000 }, () => {
    const run = `'${process.execPath}' packages/cli/bin/ebpf.js ${args.map((arg) => `'${arg}'`).join(" ")}`;

    function atTerminal(command: string, input: string) {
      let done = false;
      return runFile("script", ["-qec", command, "/dev/null"], {
        root,
        keepInput: true,
        onOutput: (text, _pid, write) => {
          if (done || !/\d+ +sh/.test(text)) return;
          done = true;
          setTimeout(write, 300, input);
        },
      });
    }

    it("Ctrl-C ends it, with the exit code of shells", async () => {
      const { code, stdout } = await atTerminal(`${run} -- sh -c 'kill -0 $$; ${patient}'`, "\x03");
      assert.equal(code, 130, stdout);
      assert.match(stdout, /received 1 · lost 0/);
      assert.doesNotMatch(stdout, stackTrace);
    });

    it("the terminal is as before, whatever a command did to it that was killed", async () => {
      // It goes on after any signal, so that it is killed.
      const script = `stty raw -echo isig; kill -0 $$; trap : TERM INT; ${patient}`;
      // The outer shell, which Ctrl-C reaches as well, lives on: some end at once, others when they see how the run ended.
      const { stdout } = await atTerminal(`trap : INT; stty -g; ${run} -- sh -c '${script}'; stty -g`, "\x03");
      const states = [...stdout.matchAll(/^\r?([0-9a-f]+(?::[0-9a-f]+){10,})\r?$/gm)].map(([, state]) => state);
      assert.equal(states.length, 2, stdout);
      assert.equal(states[0], states[1]);
    });
  });
}
