// SPDX-License-Identifier: (MIT OR GPL-2.0)
/* Counters as tracers keep them: read from user space, by system calls or from memory. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual MIT/GPL";

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1000);
	__type(key, __u32);
	__type(value, __u64);
} counters SEC(".maps");
