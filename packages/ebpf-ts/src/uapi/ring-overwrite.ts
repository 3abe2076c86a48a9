/** BPF_F_RB_OVERWRITE, Linux 6.19: a new record takes the place of the oldest ones. The generated uapi is of an older kernel. */
export const RB_OVERWRITE: number = 1 << 19;
/** BPF_RB_OVERWRITE_POS, a query of bpf_ringbuf_query. */
export const RB_OVERWRITE_POS: number = 4;
