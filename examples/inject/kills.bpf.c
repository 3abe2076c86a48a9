// SPDX-License-Identifier: (MIT OR GPL-2.0-only)
// Tells who calls kill(2). User space writes into the same ring.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual MIT/GPL";

enum origin {
	PROGRAM,
	SIMULATED,
	MARK,
};

struct event {
	enum origin origin;
	__u32 pid;
	char comm[16];
	/* What a mark says. */
	char note[24];
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 64 * 1024);
} events SEC(".maps");

const struct event *events__record __attribute__((unused));

/* Events for which the ring had no room. */
__u64 dropped;
/* Whose calls are told: nobody else's are looked at. */
volatile __u32 only_tgid;

SEC("tracepoint/syscalls/sys_enter_kill")
int on_kill(void *ctx)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;
	struct event *event;

	if (tgid != only_tgid)
		return 0;
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event) {
		__sync_fetch_and_add(&dropped, 1);
		return 0;
	}
	__builtin_memset(event, 0, sizeof(*event));
	event->origin = PROGRAM;
	event->pid = tgid;
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	bpf_ringbuf_submit(event, 0);
	return 0;
}
