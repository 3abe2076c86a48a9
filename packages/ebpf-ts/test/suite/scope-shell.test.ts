/** A command's events are the same whatever /bin/sh is: the shell that holds it until then is nobody's. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type Mounted, mountTracefs } from "../support/bpf-file-systems.ts";
import { cgroupsOrSkip, orFail, tracefsOrSkip } from "../support/requirements.ts";

const child = fileURLToPath(new URL("./scope-shell-child.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "ebpf-shell-"));
const bareScript = join(folder, "bare");
const layers = join(folder, "layers");
let tracefs: Mounted | undefined;

before(() => {
  mkdirSync(layers);
  writeFileSync(bareScript, "kill -0 $$\n", { mode: 0o755 });
  if (tracefsOrSkip() === false) tracefs = mountTracefs();
});
after(() => {
  tracefs?.unmount();
  rmSync(folder, { recursive: true });
});

/** In a namespace of mounts of its own, where /bin/sh is that shell. */
const withShell = `
  mount -t tmpfs none "$0" && mkdir "$0/upper" "$0/work" &&
  mount -t overlay overlay -o "lowerdir=/usr/bin,upperdir=$0/upper,workdir=$0/work" /usr/bin &&
  ln -sf "$1" "$(realpath /bin)/sh" && shift && exec "$@"`;

async function eventsWith(shell: string, engine: string, command: readonly string[]): Promise<string[]> {
  const node = [process.execPath, child, engine, ...command];
  const { stdout } = await promisify(execFile)("unshare", ["-m", "sh", "-c", withShell, layers, shell, ...node]);
  return stdout.split("\n").filter((line) => line !== "");
}

const shells = ["/bin/bash", "/bin/dash", "/bin/busybox"].filter(existsSync);
const root = orFail(process.getuid?.() === 0 ? false : "only root has namespaces of mounts");
const overlays =
  orFail(/\boverlay$/m.test(readFileSync("/proc/filesystems", "utf8")) ? false : "this kernel has no overlayfs") ||
  orFail(realpathSync("/bin") === "/usr/bin" ? false : "/bin is a folder of its own here");

for (const engine of ["embedded", "kernel"] as const) {
  const skip = root || overlays || (engine === "kernel" && (tracefsOrSkip() || cgroupsOrSkip()));
  describe(`the shell that holds a command (${engine})`, { skip, timeout: 180_000 }, () => {
    for (const shell of shells) {
      it(shell, async () => {
        const [first, ...others] = await eventsWith(shell, engine, ["cp", "/dev/null", join(folder, "copy")]);
        assert.match(first!, /^KIND_RAW_ENTER \d+ cp$/);
        assert.ok(others.length > 10);
        assert.ok(others.every((line) => line.endsWith(" cp")));
        const bare = await eventsWith(shell, engine, [bareScript]);
        assert.match(bare[0]!, /^KIND_RAW_ENTER/);
        assert.equal(bare.filter((line) => line.startsWith("KIND_ENTER")).length, 1);
      });
    }
  });
}
