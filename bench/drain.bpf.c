// SPDX-License-Identifier: (MIT OR GPL-2.0)
/* What the drain of a user ring costs by itself: the callback does nothing. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual MIT/GPL";

struct {
	__uint(type, BPF_MAP_TYPE_USER_RINGBUF);
	__uint(max_entries, 256 * 1024);
} samples SEC(".maps");

static long nothing(struct bpf_dynptr *sample, void *context)
{
	return 0;
}

/* Gives the number of samples it took, or a negative errno. */
SEC("syscall")
int drain_samples(void *context)
{
	return bpf_user_ringbuf_drain(&samples, nothing, 0, BPF_RB_NO_WAKEUP);
}
