import { EbpfError } from "../../../../base/errors.ts";
import { nearName } from "../../../../base/near-name.ts";
import { stringsOf } from "../../../../btf/parse-btf.ts";
import type { Btf } from "../../../../btf/types.ts";
import type { Sys } from "../../../../sys/ffi/sys.ts";
import { KernelTypes } from "../../load/kernel-types.ts";
import { traceableNames } from "./traceable-functions.ts";

/** By names, or by a pattern of them, of one module or of the kernel itself. */
interface WantedFunctions {
  readonly pattern?: string | undefined;
  readonly symbols?: readonly string[] | undefined;
  readonly module: string | undefined;
}

/** MAX_BPF_FUNC_ARGS, and what a trampoline of the kernel's can pass on (btf_distill_func_proto in kernel/bpf/btf.c). */
const mostArguments = 12;
const largestArgument = 16;

/** What functions are called by in the kernel's types. `action` follows "Cannot". */
export async function typedFunctions(
  sys: Sys,
  { pattern, symbols = [], module }: WantedFunctions,
  action: string,
): Promise<number[]> {
  const btf = await typesOf(sys, module, action);
  if (pattern === undefined) return symbols.map((name) => idOf(btf, name) ?? fail(noFunction(btf, name, action)));
  const names = await traceableNames(pattern.slice(pattern.indexOf(":") + 1), module, action);
  const ids = [...names].flatMap((name) => idOf(btf, name) ?? []).filter((id) => isTraceable(btf, id));
  if (ids.length > 0) return ids;
  const message = `Cannot ${action}: this kernel has no function with types that can be traced and fits ${pattern}`;
  throw new EbpfError("NOT_FOUND", message);
}

async function typesOf(sys: Sys, module: string | undefined, action: string): Promise<Btf> {
  const types = new KernelTypes(sys);
  const own = await types.own();
  if (module === undefined) return own;
  const found = types.modules(own).find(({ name }) => name === module);
  if (found !== undefined) return found.btf;
  throw new EbpfError("NOT_FOUND", `Cannot ${action}: this kernel has loaded no module ${module} with types`);
}

function idOf(btf: Btf, name: string): number | undefined {
  return btf.find(name, "func")[0]?.id;
}

/** Whether a trampoline can pass on what the function is given, and what it returns. */
function isTraceable(btf: Btf, id: number): boolean {
  const func = btf.type(id);
  const prototype = func.kind === "func" ? btf.type(func.type) : undefined;
  if (prototype?.kind !== "func_proto" || prototype.parameters.length > mostArguments) return false;
  const returned = btf.resolve(prototype.returnType);
  if (returned.kind !== "void" && (returned.kind === "struct" || sizeOf(btf, returned.id) === undefined)) return false;
  return prototype.parameters.every(({ type }) => {
    const size = sizeOf(btf, type) ?? 0;
    return size > 0 && size <= largestArgument;
  });
}

/** Of those kinds that a trampoline knows. */
function sizeOf(btf: Btf, id: number): number | undefined {
  const type = btf.resolve(id);
  return ["ptr", "int", "enum", "enum64", "struct"].includes(type.kind) ? btf.sizeOf(type.id) : undefined;
}

function fail(error: EbpfError): never {
  throw error;
}

function noFunction(btf: Btf, name: string, action: string): EbpfError {
  const names = new TextDecoder().decode(stringsOf(btf)).split("\0");
  const near = nearName(
    name,
    names.filter((each) => each.slice(0, 3) === name.slice(0, 3) && idOf(btf, each) !== undefined),
  );
  const hint = near === undefined ? "" : `, did you mean ${near}?`;
  return new EbpfError("NOT_FOUND", `Cannot ${action}: this kernel has no function ${name} with types${hint}`);
}
