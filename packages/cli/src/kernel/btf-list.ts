import { btfs, findBtf, type LoadedBtf, maps, programs } from "ebpf-ts/kernel";
import { bytesText, type Facts, type ListColumn, present, printFacts, printJson, printList } from "./listing.ts";
import { Owners } from "./owners.ts";
import type { FactsOptions } from "./program-list.ts";
import { wanted } from "./wanted.ts";

/** `ebpf btf list` */
export function listBtfs({ json }: FactsOptions): void {
  const all = [...btfs()];
  const users = new Users();
  if (json === true) {
    printJson(
      all.map((btf) => factsOf(btf, users)),
      false,
    );
  } else {
    printList(all, columns(users), "No types are in the kernel.");
  }
}

/** `ebpf btf show` */
export function showBtf(name: string, { json }: FactsOptions): void {
  const found = wanted("btf", name, findBtf);
  const users = new Users();
  if (json === true) {
    printJson(
      found.map((btf) => factsOf(btf, users)),
      true,
    );
    return;
  }
  for (const btf of found) {
    printFacts(`${btf.id} ${btf.name}`, [
      ["of", ofText(btf)],
      ["size", bytesText(btf.size)],
      ["programs", users.programsOf(btf.id).join(", ")],
      ["maps", users.mapsOf(btf.id).join(", ")],
      ["held by", users.owners.textOf(btf.id)],
    ]);
  }
}

/** What has these types. */
class Users {
  readonly owners = new Owners("btf");
  readonly #programs = [...programs()];
  readonly #maps = [...maps()];

  programsOf(btf: number): number[] {
    return this.#programs.filter((program) => program.btf === btf).map(({ id }) => id);
  }

  mapsOf(btf: number): number[] {
    return this.#maps.filter((map) => map.btf === btf).map(({ id }) => id);
  }
}

function ofText({ kernel, name }: LoadedBtf): string {
  return kernel ? (name === "vmlinux" ? "the kernel" : `the module ${name}`) : "an object";
}

function columns(users: Users): ListColumn<LoadedBtf>[] {
  return [
    { title: "ID", right: true, textOf: ({ id }) => id },
    { title: "OF", textOf: ofText },
    { title: "SIZE", right: true, textOf: ({ size }) => bytesText(size) },
    { title: "PROGRAMS", textOf: ({ id }) => users.programsOf(id).join(",") },
    { title: "MAPS", textOf: ({ id }) => users.mapsOf(id).join(",") },
    { title: "HELD BY", textOf: ({ id }) => users.owners.textOf(id) },
  ];
}

/** By bpftool's names. */
function factsOf({ id, name, size, kernel }: LoadedBtf, users: Users): Facts {
  const uses = { prog_ids: users.programsOf(id), map_ids: users.mapsOf(id) };
  const known = present({ kernel, name: name === "" ? undefined : name, pids: users.owners.holdersOf(id) });
  return { id, size, ...uses, ...known };
}
