/** The embedded engine, in the process of an ordinary user that is locked down. Started by lock-down.test.ts. */
import { attempt, loadHere } from "./child.ts";

const traced = await loadHere("tracepoint", "embedded");
await traced.attach();
const command = await traced.spawn("sh", ["-c", "read line; exit 3"], { stdin: "pipe" });
await attempt("without files", () => traced.lockDown());
await attempt("as another", () => traced.lockDown({ user: { uid: 1, gid: 1 } }));

const report = await traced.lockDown({ seccomp: { files: "read" } });
await attempt("ended", () => report.ended.join("; "));
await attempt("goes on", async () => {
  traced.ringBuf("events").drain(() => {});
  command.write("now\n");
  const { code } = await command.exited;
  let events = 0;
  traced.ringBuf("events").drain(() => void (events += 1));
  return `${code} ${events > 0 ? "with events" : "without events"}`;
});
await attempt("spawn", () => traced.spawn("true"));
await attempt("run", async () => {
  const maps = await loadHere("maps", "embedded");
  maps.map<number, bigint>("array").set(1, 2n);
  return Number(maps.map<number, bigint>("array").get(1));
});
await attempt("close", () => traced.close());
