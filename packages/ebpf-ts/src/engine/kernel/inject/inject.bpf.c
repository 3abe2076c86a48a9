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

/* Context of a run: read and written in place. */
struct inject_args {
	/* In: bytes of the target that may be taken, that record included, when a record is written. */
	__u64 limit;
	/* Out: how many records were written: the first ones of the queue. */
	__u64 injected;
	/* Out: 0, -EAGAIN when one found no room, or what else went wrong. The queue is empty in any case. */
	__s64 result;
};

struct run {
	__u64 limit;
	__u64 injected;
	__s64 error;
};

/*
 * A sample of the queue is a frame: the record's length, then room for it, which is as large as one of the sizes below.
 * They are what the verifier wants to know of a slice. DYNPTR_MAX_SIZE is 2^24 - 1.
 */
#define FRAME_HEADER 8
#define SMALLEST 64
#define LARGEST ((1 << 24) - 16)

#define EAGAIN 11
#define EINVAL 22

/* As the kernel rounds it: 8 bytes of header. */
static __always_inline __u64 record_size(__u64 length)
{
	return (length + 8 + 7) & ~7ULL;
}

/*
 * Programs may write between this look and the output. What is taken includes all that was injected, so that this
 * together stays within the limit whatever they do.
 */
static __always_inline long has_room(const struct run *run, __u64 length)
{
	__u64 taken = bpf_ringbuf_query(&target, BPF_RB_AVAIL_DATA);

	/* A forged consumer position makes it any number. */
	return taken <= run->limit && record_size(length) <= run->limit - taken;
}

#define OUTPUT(bytes)								\
	if (length <= (bytes)) {						\
		const void *slice = bpf_dynptr_data(sample, FRAME_HEADER, (bytes)); \
										\
		return slice ? bpf_ringbuf_output(&target, (void *)slice, length, 0) : -EINVAL; \
	}

static __always_inline long output(struct bpf_dynptr *sample, __u64 length)
{
	OUTPUT(1 << 7)
	OUTPUT(1 << 8)
	OUTPUT(1 << 9)
	OUTPUT(1 << 10)
	OUTPUT(1 << 11)
	OUTPUT(1 << 12)
	OUTPUT(1 << 13)
	OUTPUT(1 << 14)
	OUTPUT(1 << 15)
	OUTPUT(1 << 16)
	OUTPUT(1 << 17)
	OUTPUT(1 << 18)
	OUTPUT(1 << 19)
	OUTPUT(1 << 20)
	OUTPUT(1 << 21)
	OUTPUT(1 << 22)
	OUTPUT(1 << 23)
	OUTPUT(LARGEST)
	return -EINVAL;
}

static __always_inline long write(struct bpf_dynptr *sample, const struct run *run)
{
	/* Every frame is at least that large: for small records one slice does. */
	const __u64 *frame = bpf_dynptr_data(sample, 0, FRAME_HEADER + SMALLEST);
	__u64 length;

	if (!frame)
		return -EINVAL;
	length = frame[0];
	if (!has_room(run, length))
		return -EAGAIN;
	if (length <= SMALLEST)
		return bpf_ringbuf_output(&target, (void *)(frame + 1), length, 0);
	return output(sample, length);
}

/* After the first that fails the others are dropped: they would come before it. */
static long each(struct bpf_dynptr *sample, struct run *run)
{
	if (run->error)
		return 0;
	run->error = write(sample, run);
	if (!run->error)
		run->injected++;
	return 0;
}

SEC("syscall")
int inject(struct inject_args *args)
{
	struct run run = { .limit = args->limit };
	long drained = bpf_user_ringbuf_drain(&queue, each, &run, BPF_RB_NO_WAKEUP);

	args->injected = run.injected;
	args->result = drained < 0 ? drained : run.error;
	return 0;
}
