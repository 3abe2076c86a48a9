/** `enum bpf_core_relo_kind`: names by number. */
export const coreKindNames = [
  "field_byte_offset",
  "field_byte_size",
  "field_exists",
  "field_signed",
  "field_lshift_u64",
  "field_rshift_u64",
  "type_id_local",
  "type_id_target",
  "type_exists",
  "type_size",
  "enumval_exists",
  "enumval_value",
  "type_matches",
] as const;

export type CoreKind = (typeof coreKindNames)[number];

/** `task_struct___old` is another view of `task_struct`: the last triple underscore begins the flavor. */
export function essentialName(name: string): string {
  for (let at = name.length - 5; at >= 0; at--) {
    if (name.startsWith("___", at + 1) && name[at] !== "_" && name[at + 4] !== "_") return name.slice(0, at + 1);
  }
  return name;
}
