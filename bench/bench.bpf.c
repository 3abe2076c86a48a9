// SPDX-License-Identifier: (MIT OR GPL-2.0)
/*
 * What the benchmarks run in the kernel: producers of events that spin inside one BPF_PROG_TEST_RUN, and the drain of a
 * user ring. Payloads beyond the event's 40 bytes are reserved and submitted, and not written.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual MIT/GPL";

/* "producer", without a constant in memory. */
#define PRODUCER_NAME 0x72656375646f7270ULL

struct event {
	__u64 time;
	__u32 pid;
	__u32 tid;
	__u32 cpu;
	__u32 kind;
	char comm[16];
};

struct command {
	__u32 id;
	__u32 kind;
	__u32 first;
	__u32 second;
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 * 1024 * 1024);
} events SEC(".maps");

const struct event *events__record __attribute__((unused));

struct {
	__uint(type, BPF_MAP_TYPE_USER_RINGBUF);
	__uint(max_entries, 1024 * 1024);
} commands SEC(".maps");

const struct command *commands__record __attribute__((unused));

/* The argument of produce_*: how many reservations to try, with which flags to submit; what came of it is added up. */
struct request {
	__u64 count;
	__u64 stamp;
	__u64 flags;
	__u64 submitted;
	__u64 refused;
};

static __always_inline long produce_one(__u32 index, struct request *request, const __u32 size)
{
	struct event *event = bpf_ringbuf_reserve(&events, size, 0);

	if (!event) {
		request->refused++;
		return 0;
	}
	event->time = request->stamp ? bpf_ktime_get_ns() : index;
	event->pid = index;
	event->tid = 2;
	event->cpu = 3;
	event->kind = 4;
	((__u64 *)event->comm)[0] = PRODUCER_NAME;
	((__u64 *)event->comm)[1] = 0;
	request->submitted++;
	bpf_ringbuf_submit(event, request->flags);
	return 0;
}

#define PRODUCER(size)                                                        \
	static long one_##size(__u32 index, void *request)                    \
	{                                                                     \
		return produce_one(index, request, size);                     \
	}                                                                     \
	SEC("syscall")                                                        \
	int produce_##size(struct request *context)                           \
	{                                                                     \
		struct request request = *context;                            \
                                                                              \
		long done = bpf_loop(request.count, one_##size, &request, 0); \
                                                                              \
		*context = request;                                           \
		return done == (long)request.count ? 0 : 1;                   \
	}

PRODUCER(40)
PRODUCER(256)
PRODUCER(1024)

__u64 drained_sum;

static long take(struct bpf_dynptr *sample, void *context)
{
	const struct command *command = bpf_dynptr_data(sample, 0, sizeof(*command));

	if (command)
		drained_sum += command->id;
	return 0;
}

/* Gives the number of samples it took, or a negative errno. */
SEC("syscall")
int drain_commands(void *context)
{
	return bpf_user_ringbuf_drain(&commands, take, 0, BPF_RB_NO_WAKEUP);
}
