import { findLink, findMap, findProgram, links, type LoadedLink } from "ebpf-ts/kernel";
import { AttachType } from "ebpf-ts/spec";
import { placeFacts } from "./link-facts.ts";
import { type Facts, type ListColumn, present, printFacts, printJson, printList } from "./listing.ts";
import { Owners } from "./owners.ts";
import type { FactsOptions } from "./program-list.ts";
import { wanted } from "./wanted.ts";

/** `ebpf link list` */
export function listLinks({ json }: FactsOptions): void {
  const all = [...links()];
  const owners = new Owners("link");
  if (json === true) {
    printJson(
      all.map((link) => factsOf(link, owners)),
      false,
    );
  } else {
    printList(all, columns(owners), "There is no link.");
  }
}

/** `ebpf link show` */
export function showLink(name: string, { json }: FactsOptions): void {
  const found = wanted("link", name, findLink);
  const owners = new Owners("link");
  if (json === true) {
    printJson(
      found.map((link) => factsOf(link, owners)),
      true,
    );
    return;
  }
  for (const link of found) {
    printFacts(`${link.id} ${link.typeName}`, [
      ["program", programText(link)],
      ...Object.entries(link.details).map(([name, value]) => [name, detailText(name, value)] as const),
      ["held by", owners.textOf(link.id)],
    ]);
  }
}

function columns(owners: Owners): ListColumn<LoadedLink>[] {
  return [
    { title: "ID", right: true, textOf: ({ id }) => id },
    { title: "TYPE", textOf: ({ typeName }) => typeName },
    { title: "PROGRAM", textOf: programText },
    {
      title: "WHERE",
      textOf: ({ details }) =>
        Object.entries(details)
          .map(([name, value]) => `${name} ${detailText(name, value)}`)
          .join(", "),
    },
    { title: "HELD BY", textOf: ({ id }) => owners.textOf(id) },
  ];
}

/** Links of operations of the kernel (struct_ops) have a map in its place. */
function programText({ programId }: LoadedLink): string {
  return programId === 0 ? "" : `${programId} ${findProgram(programId)?.name ?? ""}`.trimEnd();
}

/** The kernel has a number for where programs are attached, and for maps. */
function detailText(name: string, value: string | number): string {
  if (name === "mapId" && typeof value === "number") return `${value} ${findMap(value)?.name ?? ""}`.trimEnd();
  return name === "attachType" && typeof value === "number" ? (attachTypeName(value) ?? `${value}`) : `${value}`;
}

function attachTypeName(type: number): string | undefined {
  return Object.entries(AttachType)
    .find(([, number]) => number === type)?.[0]
    .toLowerCase();
}

/** By bpftool's names; all that is known of where it is stands in `details`, by ours. */
function factsOf(link: LoadedLink, owners: Owners): Facts {
  const { id, typeName, programId, details } = link;
  const { attachType } = details;
  return present({
    id,
    type: typeName,
    prog_id: programId,
    prog_type: findProgram(programId)?.typeName,
    attach_type: typeof attachType === "number" ? attachTypeName(attachType) : attachType,
    ...placeFacts(link),
    details,
    ...owners.factsOf(id),
  });
}
