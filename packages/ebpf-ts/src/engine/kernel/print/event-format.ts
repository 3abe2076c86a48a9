/** What a file `format` of tracefs says of an event. */
export interface EventFormat {
  readonly id: number;
  /** Where its fields stand, in bytes. */
  readonly fields: ReadonlyMap<string, { readonly at: number; readonly size: number }>;
}

const idLine = /^ID:\s*(\d+)$/m;
const fieldLine = /^\s*field:.*?\b(\w+)(?:\[\d*\])?;\s*offset:(\d+);\s*size:(\d+);/gm;

export function parseFormat(text: string): EventFormat {
  const fields = new Map<string, { at: number; size: number }>();
  for (const [, name, at, size] of text.matchAll(fieldLine)) fields.set(name!, { at: Number(at), size: Number(size) });
  return { id: Number(idLine.exec(text)?.[1] ?? -1), fields };
}
