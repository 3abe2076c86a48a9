import { InvalidArgumentError } from "commander";

/** TASK_COMM_LEN without the NUL. */
const longestComm = 15;

/** The name of a task. */
export function parseComm(text: string): string {
  const size = Buffer.byteLength(text);
  if (size > 0 && size <= longestComm) return text;
  throw new InvalidArgumentError(
    `It takes the name of a task, 1 to ${longestComm} bytes: of a longer name the first ${longestComm}.`,
  );
}

export function parseFolder(text: string): string {
  if (text === "") throw new InvalidArgumentError("It takes a folder.");
  return text;
}

/** For an option that takes a name, and may come several times. */
export function collectName(text: string, previous: readonly string[] = []): string[] {
  return [...previous, text];
}
