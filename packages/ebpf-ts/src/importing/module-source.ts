/** Front doors that a module may have its `defineObject` from. */
export type ObjectDoor = "ebpf-ts" | "ebpf-ts/embedded";

/** A module of JavaScript to be written. */
export interface ModuleParts {
  /** Of the object's file, for messages. */
  readonly name: string;
  readonly digest: string;
  /** The URL of the file, or its bytes, which then stand in the module. */
  readonly object: URL | Uint8Array;
  /** What the module imports `defineObject` from: a front door, or its URL. */
  readonly from: string;
}

/** The module that the import of an object gives, as JavaScript: what `ebpf gen` writes, without its types. */
export function moduleSource({ name, digest, object, from }: ModuleParts): string {
  const place = object instanceof URL ? `new URL(${JSON.stringify(object.href)})` : JSON.stringify(toBase64(object));
  const source = `{ name: ${JSON.stringify(name)}, digest: ${JSON.stringify(digest)}, object: ${place} }`;
  return [
    `import { defineObject } from ${JSON.stringify(from)};`,
    `const object = defineObject(${source});`,
    "export const load = object.load;",
    "export default object;",
    "",
  ].join("\n");
}

/** As long as a text may be, in pieces that a call takes. */
export function toBase64(bytes: Uint8Array): string {
  const piece = 0x6000;
  const letters: string[] = [];
  for (let at = 0; at < bytes.length; at += piece)
    letters.push(btoa(String.fromCharCode(...bytes.subarray(at, at + piece))));
  return letters.join("");
}
