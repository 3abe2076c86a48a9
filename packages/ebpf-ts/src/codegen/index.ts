/** TypeScript from a compiled object: what `ebpf gen` writes. Nothing of the library imports it. */
export { generateDeclaration, generateModule, type GenerateOptions } from "./write-module.ts";
