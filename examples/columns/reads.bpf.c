// SPDX-License-Identifier: (MIT OR GPL-2.0-only)
// What each read(2) gave, and to whom.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual MIT/GPL";

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} reads SEC(".maps");

struct read {
	__u64 time;
	__u32 pid;
	/* What was read, or a negative error. */
	__s32 bytes;
	char comm[16];
};

/* A ring map has no value type: a pointer named <map>__record tells tools what its records are. */
const struct read *reads__record __attribute__((unused));

/* As tracefs describes it: events/syscalls/sys_exit_read/format. */
struct sys_exit {
	__u64 common;
	__s64 number;
	__s64 result;
};

SEC("tracepoint/syscalls/sys_exit_read")
int on_read(struct sys_exit *context)
{
	struct read *read = bpf_ringbuf_reserve(&reads, sizeof(*read), 0);

	if (!read)
		return 0;
	read->time = bpf_ktime_get_ns();
	read->pid = bpf_get_current_pid_tgid() >> 32;
	read->bytes = context->result;
	bpf_get_current_comm(read->comm, sizeof(read->comm));
	bpf_ringbuf_submit(read, 0);
	return 0;
}
