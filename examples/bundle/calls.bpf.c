// SPDX-License-Identifier: (MIT OR GPL-2.0-only)
// Tells who calls kill(2), and for whom.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual MIT/GPL";

struct call {
	__u32 pid;
	__u32 target;
	char comm[16];
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 64 * 1024);
} calls SEC(".maps");

const struct call *calls__record __attribute__((unused));

/* Whose calls are told: nobody else's are looked at. */
volatile __u32 only_tgid;

/* As /sys/kernel/tracing/events/syscalls/sys_enter_kill/format has it. */
struct kill_args {
	__u64 common;
	__u64 nr;
	__u64 pid;
	__u64 signal;
};

SEC("tracepoint/syscalls/sys_enter_kill")
int on_kill(struct kill_args *args)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;
	struct call *call;

	if (tgid != only_tgid)
		return 0;
	call = bpf_ringbuf_reserve(&calls, sizeof(*call), 0);
	if (!call)
		return 0;
	call->pid = tgid;
	call->target = args->pid;
	bpf_get_current_comm(call->comm, sizeof(call->comm));
	bpf_ringbuf_submit(call, 0);
	return 0;
}
