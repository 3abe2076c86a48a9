import { EbpfError, NotSupportedError } from "./errors.ts";

/** So many are told; nobody reads more. */
const mostTold = 20;

/** Gathers what is wrong or missing, so that it is told at once, and not one thing for each try. */
export class Failures {
  /** By message, for the same thing may be missing in many places. */
  readonly #errors = new Map<string, EbpfError>();

  add(error: EbpfError): void {
    if (!this.#errors.has(error.message)) this.#errors.set(error.message, error);
  }

  /** What it gives, or undefined when it throws an error of this library, which is then one of those gathered. */
  try<T>(use: () => T): T | undefined {
    try {
      return use();
    } catch (error) {
      this.#keep(error);
      return undefined;
    }
  }

  async tryAsync<T>(use: () => Promise<T>): Promise<T | undefined> {
    try {
      return await use();
    } catch (error) {
      this.#keep(error);
      return undefined;
    }
  }

  /** Throws a single one as it is; several as one that names them all, with the code that the first has. */
  throwAny(what: string): void {
    const errors = [...this.#errors.values()];
    const [first] = errors;
    if (first === undefined) return;
    throw errors.length === 1 ? first : joined(what, first, errors);
  }

  #keep(error: unknown): void {
    if (!(error instanceof EbpfError)) throw error;
    this.add(error);
  }
}

function joined(what: string, first: EbpfError, errors: readonly EbpfError[]): EbpfError {
  const told = errors.slice(0, mostTold).map(({ message }) => message);
  if (errors.length > told.length) told.push(`and ${errors.length - told.length} more`);
  const message = `Cannot ${what}, for ${errors.length} reasons: ${told.join("; ")}`;
  const options = { cause: new AggregateError(errors, message) };
  if (!errors.every((error) => error instanceof NotSupportedError)) return new EbpfError(first.code, message, options);
  const features = [...new Set(errors.map(({ feature }) => feature))];
  return new NotSupportedError(features.join(", "), message, undefined, options);
}
