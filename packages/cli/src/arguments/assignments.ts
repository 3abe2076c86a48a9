import { InvalidArgumentError } from "commander";
import { parseJson } from "../output/json.ts";
import { UsageError } from "../output/report-error.ts";

/** `name=json`, as in `--set target=42`. Text that is no JSON is taken as a string. */
export function parseAssignment(text: string): [name: string, value: unknown] {
  const at = text.indexOf("=");
  if (at < 1) throw new UsageError(`Cannot read ${JSON.stringify(text)}: it takes name=json`);
  return [text.slice(0, at), parseValue(text.slice(at + 1))];
}

function parseValue(text: string): unknown {
  try {
    return parseJson(text);
  } catch (cause) {
    if (/^[[{"]/.test(text))
      throw new UsageError(`Cannot read ${JSON.stringify(text)} as JSON: ${(cause as Error).message}`);
    return text;
  }
}

/** For an option that may come several times. */
export function collectAssignment(text: string, previous: string[]): string[] {
  if (!/^[^=]+=/.test(text)) throw new InvalidArgumentError("It takes name=json.");
  return [...previous, text];
}
