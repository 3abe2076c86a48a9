/**
 * Writes the registries of map types and of nouns, from the files that there are:
 *
 *   engine/embedded/maps/types/hash-map.ts  exports implementations: the types of map that it makes
 *   map/nouns/ring-buf.ts                   exports RingBuf, and maker: how one is made; `kinds/map-kinds.ts` says of which maps
 *
 * With `--check` it writes nothing, and fails when a registry is out of date.
 */
import { lines, type Registry, sourcesIn, writeRegistries } from "./registries.ts";

/** A key of an object, as the formatter writes it. */
const keyOf = (kebab: string): string => (kebab.includes("-") ? `"${kebab}"` : kebab);

async function implementations(): Promise<Registry> {
  const from = "engine/embedded/maps/types";
  const sources = await sourcesIn(from);
  const body = `import type { MapImplementation } from "../machine/map-implementation.ts";
${lines(sources, ({ file, name }) => `import { implementations as ${name} } from "${file}";`)}
/** What the embedded engine can make, by BPF_MAP_TYPE_*. */
export const mapImplementations: ReadonlyMap<number, MapImplementation> = new Map([
${lines(sources, ({ name }) => `  ...${name},`)}]);
`;
  return { from, body };
}

async function nouns(): Promise<Registry> {
  const from = "map/nouns";
  const sources = await sourcesIn(from);
  const body = `${lines(sources, ({ file, type }) => `import type { ${type} } from "${file}";`)}
${lines(sources, ({ file, type }) => `export { ${type} } from "${file}";`)}
/** A live map: \`instanceof\` tells which it is. */
export type MapNoun = MapNouns[keyof MapNouns];

/** By what a map is to its user: \`mapKind(type).noun\` of \`ebpf-ts/spec\`. */
export interface MapNouns {
${lines(sources, ({ kebab, type }) => `  readonly ${keyOf(kebab)}: ${type};`)}}
`;
  return { from, body };
}

async function makers(): Promise<Registry> {
  const from = "map/nouns";
  const sources = await sourcesIn(from);
  const body = `import type { NounKind } from "../kinds/map-kinds.ts";
import type { NounMaker } from "./noun.ts";
import type { MapNouns } from "./nouns.gen.ts";
${lines(sources, ({ file, name }) => `import { maker as ${name} } from "${file}";`)}
export const nounMakers: { readonly [Noun in NounKind]: NounMaker<MapNouns[Noun]> } = {
${lines(sources, ({ kebab, name }) => `  ${keyOf(kebab) === name ? name : `${keyOf(kebab)}: ${name}`},`)}};
`;
  return { from, body };
}

writeRegistries("generate-maps", {
  "engine/embedded/maps/map-implementations.gen.ts": await implementations(),
  "map/nouns.gen.ts": await nouns(),
  "map/noun-makers.gen.ts": await makers(),
});
