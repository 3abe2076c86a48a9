// SPDX-License-Identifier: MIT
/*
 * Adds up the counters of a pinned array by system calls, again and again.
 *   array MAP lookup|batch SECONDS WARMUP     says {"nanoseconds","sum"}: what one reading of all took, and what it gave
 */
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { counters = 1000 };

static unsigned long long values[counters];
static unsigned int keys[counters];

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

static long bpf(int command, union bpf_attr *attributes)
{
	return syscall(__NR_bpf, command, attributes, sizeof(*attributes));
}

static int lookup_all(int map)
{
	union bpf_attr attributes;
	unsigned int key;

	memset(&attributes, 0, sizeof(attributes));
	attributes.map_fd = map;
	attributes.key = (unsigned long)&key;
	for (key = 0; key < counters; key++) {
		attributes.value = (unsigned long)&values[key];
		if (bpf(BPF_MAP_LOOKUP_ELEM, &attributes) != 0)
			return -1;
	}
	return 0;
}

static int lookup_batch(int map)
{
	union bpf_attr attributes;
	unsigned int next;

	memset(&attributes, 0, sizeof(attributes));
	attributes.batch.map_fd = map;
	attributes.batch.out_batch = (unsigned long)&next;
	attributes.batch.keys = (unsigned long)keys;
	attributes.batch.values = (unsigned long)values;
	attributes.batch.count = counters;
	/* ENOENT says that there are no more. */
	if (bpf(BPF_MAP_LOOKUP_BATCH, &attributes) != 0 && errno != ENOENT)
		return -1;
	errno = ENODATA;
	return attributes.batch.count == counters ? 0 : -1;
}

static unsigned long long sum;

static double read_counters(int map, int (*read_all)(int), double seconds)
{
	double start = now(), end;
	unsigned long readings = 0;

	do {
		if (read_all(map) != 0)
			return -1;
		sum = 0;
		for (unsigned int i = 0; i < counters; i++)
			sum += values[i];
		readings++;
		end = now();
	} while (end - start < seconds);
	return (end - start) * 1e9 / readings;
}

int main(int argc, char **argv)
{
	union bpf_attr attributes;

	if (argc != 5) {
		fprintf(stderr, "usage: array MAP lookup|batch SECONDS WARMUP\n");
		return 2;
	}
	int (*read_all)(int) = strcmp(argv[2], "batch") == 0 ? lookup_batch : lookup_all;

	memset(&attributes, 0, sizeof(attributes));
	attributes.pathname = (unsigned long)argv[1];
	int map = bpf(BPF_OBJ_GET, &attributes);
	double nanoseconds = map < 0 ? -1 : read_counters(map, read_all, atof(argv[4]));

	if (nanoseconds >= 0)
		nanoseconds = read_counters(map, read_all, atof(argv[3]));
	if (nanoseconds < 0) {
		fprintf(stderr, "Cannot read map %s: %s\n", argv[1], strerror(errno));
		return 1;
	}
	printf("{\"nanoseconds\":%.3f,\"sum\":%llu}\n", nanoseconds, sum);
	return 0;
}
