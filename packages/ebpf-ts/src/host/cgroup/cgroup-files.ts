/** Folders of the cgroup file system (cgroups(7), version 2): to open one never blocks. */
import { mkdirSync, readdirSync, readFileSync, rmdirSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { isCgroup2 } from "./cgroup-mounts.ts";

/** The number that bpf_get_current_cgroup_id gives: its inode's. */
export function cgroupId(folder: string): bigint {
  return statSync(folder, { bigint: true }).ino;
}

/** The folder above it in the same hierarchy; undefined at its top. */
export function cgroupAbove(folder: string): string | undefined {
  const above = dirname(folder);
  return above !== folder && isCgroup2(above) ? above : undefined;
}

export function makeCgroup(folder: string): void {
  mkdirSync(folder);
}

/** Fails with EBUSY while there are processes or further groups in it. */
export function removeCgroup(folder: string): void {
  rmdirSync(folder);
}

/** The process, with all its threads; its children to come are there as well. */
export function moveToCgroup(folder: string, pid: number): void {
  writeFileSync(`${folder}/cgroup.procs`, `${pid}`);
}

export function processesIn(folder: string): number[] {
  return readFileSync(`${folder}/cgroup.procs`, "utf8")
    .split("\n")
    .flatMap((line) => (line === "" ? [] : [Number(line)]));
}

/** The groups right below it. */
export function cgroupsIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
}
