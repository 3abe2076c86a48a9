// SPDX-License-Identifier: MIT
/*
 * libbpf's producer of a pinned user ring. Says {"samples","seconds"}, the seconds spent on writing samples.
 *   user-ring RING DRAIN produce SECONDS WARMUP     fills the ring, has the pinned program drain it, and so on
 *   user-ring RING DRAIN stream SECONDS WARMUP      writes while somebody else drains; tries again at once when the ring is full
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct command {
	unsigned int id;
	unsigned int kind;
	unsigned int first;
	unsigned int second;
};

/* As many as fit: a sample takes 24 bytes of 1 MiB. */
enum { samples_per_turn = 40000 };

static unsigned long long samples;
static double seconds;

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

static int write_samples(struct user_ring_buffer *ring, int wait)
{
	double start = now();

	for (unsigned int i = 0; i < samples_per_turn; i++) {
		struct command *command;

		do {
			command = user_ring_buffer__reserve(ring, sizeof(*command));
		} while (!command && wait && errno == ENOSPC);
		if (!command)
			return -errno;
		command->id = i;
		command->kind = 1;
		command->first = 2;
		command->second = 3;
		user_ring_buffer__submit(ring, command);
	}
	seconds += now() - start;
	samples += samples_per_turn;
	return 0;
}

static int drain_all(int program)
{
	LIBBPF_OPTS(bpf_test_run_opts, options);

	if (bpf_prog_test_run_opts(program, &options) != 0)
		return -errno;
	return options.retval == samples_per_turn ? 0 : -EIO;
}

static int run(struct user_ring_buffer *ring, int program, int stream, double duration)
{
	double start = now();
	int result;

	samples = 0;
	seconds = 0;
	do {
		result = write_samples(ring, stream);
		if (result == 0 && !stream)
			result = drain_all(program);
	} while (result == 0 && now() - start < duration);
	return result;
}

int main(int argc, char **argv)
{
	if (argc != 6) {
		fprintf(stderr, "usage: user-ring RING DRAIN produce|stream SECONDS WARMUP\n");
		return 2;
	}
	int map = bpf_obj_get(argv[1]);
	int program = bpf_obj_get(argv[2]);
	int stream = strcmp(argv[3], "stream") == 0;
	struct user_ring_buffer *ring = map < 0 || program < 0 ? NULL : user_ring_buffer__new(map, NULL);

	if (!ring) {
		fprintf(stderr, "Cannot open user ring %s: %s\n", argv[1], strerror(errno));
		return 1;
	}
	int result = run(ring, program, stream, atof(argv[5]));
	if (result == 0)
		result = run(ring, program, stream, atof(argv[4]));
	if (result != 0) {
		fprintf(stderr, "Cannot write user ring %s: %s\n", argv[1], strerror(-result));
		return 1;
	}
	printf("{\"samples\":%llu,\"seconds\":%.6f}\n", samples, seconds);
	return 0;
}
