/** BPF_OBJ_NAME_LEN is 16 with the NUL. Names of more are cut off as libbpf does. */
const LONGEST = 15;

/** What stands before the section's name for maps of global data; libbpf puts the object's name there. */
const PREFIX = "ebpf_ts";

/** A name as the kernel takes it: letters, digits, `_` and `.`. */
export function kernelName(name: string): Uint8Array {
  return encode(name.slice(0, LONGEST));
}

/** Name of the map of a data section: `ebpf_ts.bss`. The section's name counts more than what stands before it. */
export function dataMapName(section: string): Uint8Array {
  const suffix = section.slice(0, LONGEST);
  return encode(PREFIX.slice(0, LONGEST - suffix.length) + suffix);
}

function encode(name: string): Uint8Array {
  return new TextEncoder().encode(name.replaceAll(/[^A-Za-z0-9_.]/g, "_"));
}
