import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromiumPath } from "../support/requirements.ts";

const flags = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--disable-dev-shm-usage",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export interface Browser extends AsyncDisposable {
  /** Rejects when the browser ends by itself. */
  readonly ended: Promise<never>;
}

/** Debian's Chromium, without a window, with a folder of its own. It ends with the test. */
export async function openInChromium(url: string): Promise<Browser> {
  const home = await mkdtemp(join(tmpdir(), "ebpf-chromium-"));
  const browser = spawn(chromiumPath, [...flags, `--user-data-dir=${home}`, url], {
    // A group of its own, so that its helpers can be ended with it.
    detached: true,
    env: { ...process.env, HOME: home, XDG_CONFIG_HOME: home, XDG_CACHE_HOME: home },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  browser.stderr.setEncoding("utf8").on("data", (text: string) => (said = (said + text).slice(-4000)));
  const exit = once(browser, "exit");
  const ended = exit.then(([code]) => {
    throw new Error(`Chromium ended (${String(code)}): ${said}`);
  });
  ended.catch(() => {});
  return {
    ended,
    async [Symbol.asyncDispose]() {
      if (browser.pid !== undefined) endGroup(browser.pid);
      await exit;
      await rm(home, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

function endGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
