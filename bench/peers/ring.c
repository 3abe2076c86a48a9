// SPDX-License-Identifier: MIT
/*
 * libbpf's consumer of a pinned ring.
 *   ring RING poll|consume SECONDS WARMUP     says {"records","seconds","cpu","rss"}
 *   ring RING latency SECONDS WARMUP          says {"nanoseconds":[...]}, one for each event, from its timestamp
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { most_latencies = 1 << 20 };

static unsigned long long records, sum;
static long long *latencies;
static size_t latency_count;

static long long now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000LL + time.tv_nsec;
}

/* Of the process, in seconds, user and system together. */
static double cpu_time(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static long most_resident(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss;
}

static int on_record(void *context, void *data, size_t size)
{
	records++;
	sum += ((unsigned int *)data)[2];
	return 0;
}

static int on_stamped(void *context, void *data, size_t size)
{
	if (latency_count < most_latencies)
		latencies[latency_count++] = now() - *(long long *)data;
	return 0;
}

/* The clock is looked at after each call, as it is on our side after each batch. */
static int run(struct ring_buffer *ring, int busy, long long until)
{
	int result;

	do {
		result = busy ? ring_buffer__consume(ring) : ring_buffer__poll(ring, 100);
		if (result < 0 && result != -EINTR)
			return result;
	} while (now() < until);
	return 0;
}

int main(int argc, char **argv)
{
	long long start;
	double cpu;
	int result;

	if (argc != 5) {
		fprintf(stderr, "usage: ring RING poll|consume|latency SECONDS WARMUP\n");
		return 2;
	}
	int busy = strcmp(argv[2], "consume") == 0;
	int stamped = strcmp(argv[2], "latency") == 0;
	int map = bpf_obj_get(argv[1]);
	struct ring_buffer *ring = map < 0 ? NULL : ring_buffer__new(map, stamped ? on_stamped : on_record, NULL, NULL);

	latencies = stamped ? malloc(most_latencies * sizeof(*latencies)) : NULL;
	if (!ring || (stamped && !latencies)) {
		fprintf(stderr, "Cannot open ring %s: %s\n", argv[1], strerror(errno));
		return 1;
	}
	result = run(ring, busy, now() + (long long)(atof(argv[4]) * 1e9));
	start = now();
	cpu = cpu_time();
	records = 0;
	latency_count = 0;
	if (result == 0)
		result = run(ring, busy, start + (long long)(atof(argv[3]) * 1e9));
	if (result < 0) {
		fprintf(stderr, "Cannot read ring %s: %s\n", argv[1], strerror(-result));
		return 1;
	}
	if (!stamped) {
		printf("{\"records\":%llu,\"seconds\":%.6f,\"cpu\":%.6f,\"rss\":%ld,\"sum\":%llu}\n", records,
		       (now() - start) / 1e9, cpu_time() - cpu, most_resident(), sum);
		return 0;
	}
	printf("{\"nanoseconds\":[");
	for (size_t i = 0; i < latency_count; i++)
		printf("%s%lld", i ? "," : "", latencies[i]);
	printf("]}\n");
	return 0;
}
