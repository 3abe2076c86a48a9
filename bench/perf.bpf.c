// SPDX-License-Identifier: (MIT OR GPL-2.0)
/*
 * A producer of events through a perf event array, that spins inside one BPF_PROG_TEST_RUN. The map is pinned by its name, so that
 * each turn's reader finds it, and puts its own rings into it.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual MIT/GPL";

struct event {
	__u64 time;
	__u32 pid;
	__u32 tid;
	__u32 cpu;
	__u32 kind;
	char comm[16];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} perf_events SEC(".maps");

const struct event *perf_events__record __attribute__((unused));

/* The argument: as in bench.bpf.c, but the kernel copies nothing back. */
struct request {
	__u64 count;
	__u64 stamp;
	__u64 flags;
	__u64 submitted;
	__u64 refused;
};

struct round {
	void *context;
	struct event event;
	__u32 stamp;
	__u32 submitted;
};

static long produce_one(__u32 index, struct round *round)
{
	struct event *event = &round->event;

	event->time = round->stamp ? bpf_ktime_get_ns() : index;
	event->pid = index;
	if (!bpf_perf_event_output(round->context, &perf_events, BPF_F_CURRENT_CPU, event, sizeof(*event)))
		round->submitted++;
	return 0;
}

/* Gives how many were submitted. SEC("syscall") programs sleep, and may not use such a map. */
SEC("raw_tp")
int produce_perf(struct request *context)
{
	struct round round = {
		.context = context,
		.event = { .tid = 2, .cpu = 3, .kind = 4, .comm = "producer" },
		.stamp = context->stamp,
	};

	bpf_loop(context->count, produce_one, &round, 0);
	return round.submitted;
}
