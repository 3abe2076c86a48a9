// SPDX-License-Identifier: (MIT OR GPL-2.0-only)
// Both directions: user space -> user_ringbuf -> this program -> kernel_ringbuf -> user space.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define COMM_LENGTH 16
#define RING_BYTES (256 * 1024)

char LICENSE[] SEC("license") = "Dual MIT/GPL";

/* What the program says: who called kill(2). */
struct event {
	int pid;
	char comm[COMM_LENGTH];
};

/* What user space says. */
struct sample {
	int i;
	char comm[COMM_LENGTH];
};

struct {
	__uint(type, BPF_MAP_TYPE_USER_RINGBUF);
	__uint(max_entries, RING_BYTES);
} user_ringbuf SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, RING_BYTES);
} kernel_ringbuf SEC(".maps");

/* A ring map has no value type: a pointer named <map>__record tells tools what its records are. */
const struct sample *user_ringbuf__record __attribute__((unused));
const struct event *kernel_ringbuf__record __attribute__((unused));

/* Samples drained. Only one drain runs at a time, so that a plain increment is enough. */
long long read;
/* Samples for which the kernel ring had no room. */
long long dropped;
/* 0 serves every process; otherwise only this one's kill(2) drains. Set it on a shared host. */
__u32 only_tgid;

static long on_sample(struct bpf_dynptr *sample, void *context)
{
	struct event *event;

	read++;
	event = bpf_ringbuf_reserve(&kernel_ringbuf, sizeof(*event), 0);
	if (!event) {
		dropped++;
		return 0;
	}
	event->pid = bpf_get_current_pid_tgid() >> 32;
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	bpf_ringbuf_submit(event, 0);
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_kill")
int drain_samples(void *context)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;

	if (only_tgid && only_tgid != tgid)
		return 0;
	bpf_user_ringbuf_drain(&user_ringbuf, on_sample, NULL, 0);
	return 0;
}
