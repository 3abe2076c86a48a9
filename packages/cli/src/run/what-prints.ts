import type { CollectionSpec } from "ebpf-ts/spec";

/** BPF_CALL of a helper, by its number. */
const call = 0x85;
const helperCall = 0;
/** BPF_FUNC_trace_printk, BPF_FUNC_trace_vprintk. */
const printing: ReadonlySet<number> = new Set([6, 177]);

/** Whether some program that is loaded, or a function that it may call, has a `bpf_printk`. */
export function hasPrintk({ programs, functions }: CollectionSpec): boolean {
  const loaded = [...programs.filter(({ autoload }) => autoload), ...functions];
  return loaded.some(({ instructions }) =>
    instructions.some(({ opcode, src, imm }) => opcode === call && src === helperCall && printing.has(imm)),
  );
}
