// SPDX-License-Identifier: (MIT OR GPL-2.0-only)
// Counts the system calls of one process by number, in an array that user space has in its own memory.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define NUMBERS 512

char LICENSE[] SEC("license") = "Dual MIT/GPL";

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, NUMBERS);
	__type(key, __u32);
	__type(value, __u64);
} calls SEC(".maps");

/* Only this process is counted. */
__u32 only_tgid;

/* args: the registers, and the number of the call. */
SEC("raw_tp/sys_enter")
int count_call(struct bpf_raw_tracepoint_args *context)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;
	__u32 number = context->args[1];
	__u64 *count;

	if (tgid != only_tgid)
		return 0;
	count = bpf_map_lookup_elem(&calls, &number);
	if (count)
		__sync_fetch_and_add(count, 1);
	return 0;
}
