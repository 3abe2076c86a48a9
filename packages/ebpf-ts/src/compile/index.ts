/** Compiles C to eBPF objects, with clang (not in browsers). */
export { CompileError } from "../base/errors.ts";
export { compile, type Compiled, type CompileOptions } from "./compile.ts";
export { type Clang } from "./find-clang.ts";
