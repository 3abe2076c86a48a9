/**
 * Writes the registries of places to attach to, and of links, from the files that there are: each place is a file of the same name in two folders,
 * below which it may stand in a folder of its family.
 *
 *   attach/targets/xdp.ts             exports XdpTarget and xdp: what one says, for the place `xdp`
 *   engine/kernel/attach/ways/xdp.ts  exports attachXdp: how the kernel attaches there
 *
 * and of the kinds of links that the kernel makes of that:
 *
 *   engine/kernel/attach/links/xdp.ts exports xdpLink: what it says of a BPF_LINK_TYPE_XDP
 *
 * With `--check` it writes nothing, and fails when a registry is out of date.
 */
import { lines, type Registry, type Source, sourcesIn, writeRegistries } from "./registries.ts";

/** `raw_tracepoint` */
const kindOf = ({ kebab }: Source): string => kebab.replaceAll("-", "_");

async function targets(): Promise<Registry> {
  const from = "attach/targets";
  const places = await sourcesIn(from);
  const body = `${lines(places, ({ file, type }) => `import type { ${type}Target } from "${file}";`)}
${lines(places, ({ file, type }) => `export type { ${type}Target } from "${file}";`)}
/** Where a program is to be attached: \`kind\` says which other keys there are. */
export type AttachTarget =
${places.map(({ type }) => `  | ${type}Target`).join("\n")};

/** The targets of one kind: \`AttachTargetOf<"uprobe">\`. */
export type AttachTargetOf<Kind extends AttachTarget["kind"]> = Extract<AttachTarget, { readonly kind: Kind }>;
`;
  return { from, body };
}

async function kinds(): Promise<Registry> {
  const from = "attach/targets";
  const places = await sourcesIn(from);
  const body = `import type { AttachKind } from "./attach-kind.ts";
import type { AttachTarget, AttachTargetOf } from "./attach-targets.gen.ts";
${lines(places, ({ file, name }) => `import { ${name} } from "${file}";`)}
export const attachKinds: { readonly [Kind in AttachTarget["kind"]]: AttachKind<AttachTargetOf<Kind>> } = {
${lines(places, (place) => `  ${kindOf(place)}: ${place.name},`)}};
`;
  return { from, body };
}

/** Each is imported when something is attached that way. */
async function ways(): Promise<Registry> {
  const from = "engine/kernel/attach/ways";
  const places = await sourcesIn(from);
  const body = `import type { AttachTarget, AttachTargetOf } from "../../../attach/attach-targets.gen.ts";
import type { Attach } from "./attachment.ts";

type Ways = { readonly [Kind in AttachTarget["kind"]]: () => Promise<Attach<AttachTargetOf<Kind>>> };

export const ways: Ways = {
${lines(places, (place) => `  ${kindOf(place)}: async () => (await import("${place.file}")).attach${place.type},`)}};
`;
  return { from, body };
}

async function links(): Promise<Registry> {
  const from = "engine/kernel/attach/links";
  const types = await sourcesIn(from);
  const body = `import { LinkType } from "../../../uapi/uapi.gen.ts";
import type { LinkKind } from "./link-kind.ts";
${lines(types, ({ file, name }) => `import { ${name}Link } from "${file}";`)}
/** By BPF_LINK_TYPE_*. */
export const linkKinds: Readonly<Record<number, LinkKind>> = {
${lines(types, (type) => `  [LinkType.${kindOf(type).toUpperCase()}]: ${type.name}Link,`)}};
`;
  return { from, body };
}

writeRegistries("generate-attach", {
  "attach/attach-targets.gen.ts": await targets(),
  "attach/attach-kinds.gen.ts": await kinds(),
  "engine/kernel/attach/ways.gen.ts": await ways(),
  "engine/kernel/attach/links.gen.ts": await links(),
});
