/** What is loaded in the running kernel: programs, maps, links, types, and who holds them. All of it takes CAP_SYS_ADMIN. */
export { countRuns, detachLink, pinById } from "./acts.ts";
export type { RunCounting } from "./acts.ts";
export { btfs, findBtf, readBtf, readKernelBtf } from "./listing/btfs.ts";
export type { LoadedBtf } from "./listing/btfs.ts";
export type { LoadedKind } from "./listing/family.ts";
export { holders } from "./listing/holders.ts";
export type { Holder, Holders } from "./listing/holders.ts";
export { findLink, links } from "./listing/links.ts";
export type { LoadedLink } from "./listing/links.ts";
export { findMap, maps } from "./listing/maps.ts";
export type { LoadedMap } from "./listing/maps.ts";
export { pins } from "./listing/pins.ts";
export type { PinnedKind, Pins } from "./listing/pins.ts";
export { findProgram, programs } from "./listing/programs.ts";
export type { LoadedProgram } from "./listing/programs.ts";
