import { fileURLToPath } from "node:url";

/** The folder bench/; the compiled file is in bench/build/. */
const folder = fileURLToPath(new URL("../", import.meta.url));

export const objectPath: string = `${folder}bench.bpf.o`;

export function peerSource(name: string): string {
  return `${folder}peers/${name}.c`;
}

/** A folder of Go. */
export function goPeerSource(name: string): string {
  return `${folder}peers/${name}`;
}

export const peerFolder: string = `${folder}build/peers/`;

/** A script of ours that runs in a process of its own. */
export function oursScript(name: string): string {
  return `${folder}build/ours/${name}.js`;
}
