import assert from "node:assert/strict";
import { once } from "node:events";
import { it } from "node:test";
import { Worker } from "node:worker_threads";
import { isAlive, nobody, ownThread } from "../../src/base/thread-lives.ts";
import { knowThreads } from "../../src/host/threads/thread-lives.ts";

const options = { skip: process.platform !== "linux" && "Linux only" };

const source = (path: string): URL => new URL(`../../src/${path}`, import.meta.url);
const tells = `
  const { parentPort } = require("node:worker_threads");
  (async () => {
    const { knowThreads } = await import("${source("host/threads/thread-lives.js")}");
    const { ownThread } = await import("${source("base/thread-lives.js")}");
    knowThreads();
    parentPort.postMessage(ownThread());
    setInterval(() => {}, 1000);
  })();`;

it("a thread has a number of its own, which is dead when it is", options, async () => {
  knowThreads();
  const own = ownThread();
  assert.ok(own > nobody && own < 2 ** 30);
  assert.equal(ownThread(), own);
  const worker = new Worker(tells, { eval: true });
  const [other] = (await once(worker, "message")) as [number];
  assert.notEqual(other, own);
  assert.ok(isAlive(own) && isAlive(other));
  await worker.terminate();
  assert.equal(isAlive(other), false);
});

it("a thread that has the number of one before it, and was started at another time, is another", options, () => {
  knowThreads();
  const startOfAnother = ownThread() ^ (1 << 22);
  assert.equal(isAlive(startOfAnother), false);
});

it("a thread whose end no host can tell of counts as alive", () => {
  assert.equal(isAlive((1 << 30) | 7), true);
});
