import { ProgType } from "../../uapi/uapi.gen.ts";
import type { CollectionSpec } from "../types.ts";

/**
 * Programs that are members of operations of the kernel are loaded with the maps that they are members of, and only with them, whatever they
 * say by themselves: libbpf has it so since 1.5. The spec stays as it was given.
 */
export function withMemberPrograms(spec: CollectionSpec): CollectionSpec {
  const wanted = new Map<string, boolean>();
  for (const { ops = [], autoload = true } of spec.maps)
    for (const { program } of ops) wanted.set(program, autoload || wanted.get(program) === true);
  if (wanted.size === 0) return spec;
  const programs = spec.programs.map((program) =>
    program.type === ProgType.STRUCT_OPS
      ? { ...program, autoload: wanted.get(program.name) ?? program.autoload }
      : program,
  );
  return { ...spec, programs };
}
