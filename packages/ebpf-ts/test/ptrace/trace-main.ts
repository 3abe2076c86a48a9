/** A program of its own that traces a shell script, for tests of how it starts and ends: `trace-main.js SCRIPT [HOW-TO-END]`. */
import { enterKill, shell, start, until } from "./command.ts";

const [script = "exit 0", ending = "wait"] = process.argv.slice(2);
const { command, machine } = await start([enterKill], shell(script));
await until(() => machine.events().length > 0, "an event");
// The script names its children by signal 0, so the values are their process ids.
const pids = [command.pid, ...machine.events().map((event) => Number(event.value))];
console.log(JSON.stringify({ pids, filtered: command.filtered, uid: machine.events()[0]?.uid }));

switch (ending) {
  case "wait":
    console.log(JSON.stringify(await command.exited));
    break;
  case "exit":
    process.exit(7);
    break;
  case "throw":
    setTimeout(() => {
      throw new Error("on purpose");
    });
    break;
  case "kill":
    process.kill(process.pid, "SIGKILL");
    break;
  case "end": // the command is over, its descendants are not, and there is nothing left to do
    await command.exited;
    break;
}
