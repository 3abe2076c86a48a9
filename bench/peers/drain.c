// SPDX-License-Identifier: MIT
/*
 * What the kernel's drain of a pinned user ring costs: a program, pinned too, whose callback does nothing.
 *   drain RING PROGRAM drain|all SECONDS WARMUP     says {"nanoseconds"} of a sample: for the drain, or together with libbpf's writing
 * It is the processor's time, as on our side.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct event {
	unsigned long long time;
	unsigned int pid;
	unsigned int tid;
	unsigned int cpu;
	unsigned int kind;
	char comm[16];
};

/* As our batches: 48 bytes each of 256 KiB. */
enum { batch = 3000 };

static double now(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

static int write_batch(struct user_ring_buffer *ring)
{
	for (unsigned int i = 0; i < batch; i++) {
		struct event *event = user_ring_buffer__reserve(ring, sizeof(*event));

		if (!event)
			return -errno;
		*event = (struct event){ .time = i, .pid = i, .tid = 2, .cpu = 3, .kind = 4, .comm = "producer" };
		user_ring_buffer__submit(ring, event);
	}
	return 0;
}

static int drain_batch(int program)
{
	LIBBPF_OPTS(bpf_test_run_opts, options);

	if (bpf_prog_test_run_opts(program, &options) != 0)
		return -errno;
	return options.retval == batch ? 0 : -EIO;
}

static double nanoseconds;

static int run(struct user_ring_buffer *ring, int program, int all, double seconds)
{
	double end = now(CLOCK_MONOTONIC) + seconds, spent = 0, begin;
	unsigned long samples = 0;
	int result;

	do {
		begin = now(CLOCK_PROCESS_CPUTIME_ID);
		result = write_batch(ring);
		if (!all)
			begin = now(CLOCK_PROCESS_CPUTIME_ID);
		if (result == 0)
			result = drain_batch(program);
		if (result != 0)
			return result;
		spent += now(CLOCK_PROCESS_CPUTIME_ID) - begin;
		samples += batch;
	} while (now(CLOCK_MONOTONIC) < end);
	nanoseconds = spent * 1e9 / samples;
	return 0;
}

int main(int argc, char **argv)
{
	if (argc != 6) {
		fprintf(stderr, "usage: drain RING PROGRAM drain|all SECONDS WARMUP\n");
		return 2;
	}
	int map = bpf_obj_get(argv[1]);
	int program = bpf_obj_get(argv[2]);
	int all = strcmp(argv[3], "all") == 0;
	struct user_ring_buffer *ring = map < 0 || program < 0 ? NULL : user_ring_buffer__new(map, NULL);

	if (!ring) {
		fprintf(stderr, "Cannot open user ring %s: %s\n", argv[1], strerror(errno));
		return 1;
	}
	int result = run(ring, program, all, atof(argv[5]));

	if (result == 0)
		result = run(ring, program, all, atof(argv[4]));
	if (result != 0) {
		fprintf(stderr, "Cannot drain user ring %s: %s\n", argv[1], strerror(-result));
		return 1;
	}
	printf("{\"nanoseconds\":%.3f}\n", nanoseconds);
	return 0;
}
