import { InvalidArgumentError, Option } from "commander";

/** `--type events=event`, as often as there are rings. */
export function typeOption(): Option {
  return new Option(
    "-t, --type <ring=struct>",
    "what the records of a ring are: a struct of the object, or of the header (repeatable)",
  )
    .argParser((text: string, previous: string[]) => {
      if (!/^[^=]+=[^=]+$/.test(text)) throw new InvalidArgumentError("It takes ring=struct.");
      const ring = text.slice(0, text.indexOf("="));
      const other = previous.find((each) => each.startsWith(`${ring}=`));
      if (other !== undefined && other !== text) {
        throw new InvalidArgumentError(`Two types claim one ring: ${other} was said before.`);
      }
      return [...previous, text];
    })
    .default([], "what the object tells");
}

/** `--header events.h`. */
export function headerOption(): Option {
  return new Option("--header <file>", "a C header with the structs of the records (compiled with clang)");
}
