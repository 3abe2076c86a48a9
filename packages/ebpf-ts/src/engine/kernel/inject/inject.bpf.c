// SPDX-License-Identifier: (MIT OR GPL-2.0-only)
// Moves records from a private user ring into an event ring, so that they stand in one order with what programs write.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual MIT/GPL";

/* A stand-in: the loader puts the descriptor of the ring that is injected into in its place. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} target SEC(".maps");

/* The loader sets its size. */
struct {
	__uint(type, BPF_MAP_TYPE_USER_RINGBUF);
	__uint(max_entries, 4096);
} queue SEC(".maps");

/*
 * The one sample in the queue is a frame: records as they stand in a ring, one behind the other, each a header of 8
 * bytes that begins with the length, the payload, and padding up to a multiple of 8.
 *
 * Set by the loader, so that they are constants to the verifier, which wants to know that a record ends within the
 * frame: the last may begin at `span`, and has at most `largest` bytes.
 */
const volatile __u32 span;
const volatile __u32 largest;

#define HEADER 8

/*
 * Context of a run: read and written in place. What is 0 at first comes from outside all the same: a number that the
 * verifier knows would have it follow every record of a frame.
 */
struct inject_args {
	/* In: bytes of the target that may be taken, that record included, when a record is written. */
	__u64 limit;
	/* In: bytes of records in the frame. */
	__u64 end;
	/* 0: where the next record begins. */
	__u64 at;
	/* 0: bytes that may be written before the next look at the target. */
	__u64 room;
	/* 0; out: how many records were written: the first ones of the frame. */
	__u64 injected;
	/* 0; out: -EAGAIN when one found no room, or what else went wrong. The queue is empty in any case. */
	__s64 result;
};

struct walk {
	const char *frame;
	struct inject_args *args;
};

/* Bytes that are written after one look at the target: a look for each record would cost a sixth more. */
#define LOOK_EVERY 4096
#define A_CALL 8
/* More than the records of a frame take. */
#define MOST_CALLS (1 << 21)

#define EAGAIN 11
#define EINVAL 22

/* As the kernel rounds it. */
static __always_inline __u64 record_size(__u64 length)
{
	return (length + HEADER + 7) & ~7ULL;
}

/*
 * Programs may write after this look. What is taken includes all that was injected, so that this together stays
 * within the limit whatever they do.
 */
static __always_inline __u64 look(struct inject_args *args, __u64 size)
{
	__u64 taken = bpf_ringbuf_query(&target, BPF_RB_AVAIL_DATA);
	/* A forged consumer position makes it any number. */
	__u64 room = taken <= args->limit ? args->limit - taken : 0;
	__u64 most = size > LOOK_EVERY ? size : LOOK_EVERY;

	return room < most ? room : most;
}

/* Several records a call: a call of its own for each would cost a tenth more. */
static long each_few(__u32 index, struct walk *walk)
{
	struct inject_args *args = walk->args;
	__u64 at = args->at;
	__u64 room = args->room;
	long result = 0;
	int i;

	for (i = 0; i < A_CALL; i++) {
		const char *record;
		__u64 length, size;

		if (at >= args->end || at > span)
			break;
		record = walk->frame + at;
		length = *(const __u32 *)record;
		size = record_size(length);
		result = -EINVAL;
		if (length > largest)
			break;
		if (size > room)
			room = look(args, size);
		result = -EAGAIN;
		if (size > room)
			break;
		result = bpf_ringbuf_output(&target, (void *)(record + HEADER), length, 0);
		if (result)
			break;
		room -= size;
		at += size;
	}
	args->at = at;
	args->room = room;
	args->injected += i;
	args->result = result;
	return i < A_CALL;
}

static long each_frame(struct bpf_dynptr *sample, struct inject_args *args)
{
	struct walk walk = {
		.frame = bpf_dynptr_data(sample, 0, span + HEADER + largest),
		.args = args,
	};

	if (walk.frame)
		bpf_loop(MOST_CALLS, each_few, &walk, 0);
	else
		args->result = -EINVAL;
	return 0;
}

SEC("syscall")
int inject(struct inject_args *args)
{
	/* A callback takes a pointer to the stack only. */
	struct inject_args run = *args;
	long drained = bpf_user_ringbuf_drain(&queue, each_frame, &run, BPF_RB_NO_WAKEUP);

	args->injected = run.injected;
	args->result = drained < 0 ? drained : run.result;
	return 0;
}
