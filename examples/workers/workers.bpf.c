// SPDX-License-Identifier: (MIT OR GPL-2.0-only)
// Sends numbers, as many a run as are asked for and the ring takes.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define MOST 1024

char LICENSE[] SEC("license") = "Dual MIT/GPL";

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 64 * 1024);
} numbers SEC(".maps");

struct number {
	__u64 value;
};

const struct number *numbers__record __attribute__((unused));

__u64 next_number;

/* The context is how many to send; the result is how many found room. */
SEC("syscall")
int send_numbers(__u32 *count)
{
	__u32 i;

	for (i = 0; i < MOST && i < *count; i++) {
		struct number *number = bpf_ringbuf_reserve(&numbers, sizeof(*number), 0);

		if (!number)
			break;
		number->value = next_number;
		bpf_ringbuf_submit(number, 0);
		next_number += 2;
	}
	return i;
}
