// SPDX-License-Identifier: MIT
/*
 * libbpf's reader of a pinned perf event array, which puts rings of its own into it.
 *   perf MAP PAGES WATERMARK SECONDS WARMUP     says {"records","lost","seconds"}
 * PAGES are those of each CPU's ring. WATERMARK is in bytes, 0 to be woken by each event.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static unsigned long long records, lost, sum;

static long long now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static void on_sample(void *context, int cpu, void *data, unsigned int size)
{
	records++;
	sum += ((unsigned int *)data)[2];
}

static void on_lost(void *context, int cpu, unsigned long long count)
{
	lost += count;
}

struct sample {
	struct perf_event_header header;
	unsigned int size;
	char data[];
};

/* libbpf has a watermark for those alone who look at the records themselves. */
static enum bpf_perf_event_ret on_event(void *context, int cpu, struct perf_event_header *event)
{
	if (event->type == PERF_RECORD_SAMPLE)
		on_sample(context, cpu, ((struct sample *)event)->data, ((struct sample *)event)->size);
	else if (event->type == PERF_RECORD_LOST)
		on_lost(context, cpu, ((unsigned long long *)event)[2]);
	return LIBBPF_PERF_EVENT_CONT;
}

static struct perf_buffer *open_buffer(int map, size_t pages, unsigned int watermark)
{
	struct perf_event_attr attributes = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attributes),
		.config = PERF_COUNT_SW_BPF_OUTPUT,
		.sample_period = 1,
		.sample_type = PERF_SAMPLE_RAW,
		.watermark = 1,
		.wakeup_watermark = watermark,
	};

	if (map < 0)
		return NULL;
	if (watermark == 0)
		return perf_buffer__new(map, pages, on_sample, on_lost, NULL, NULL);
	return perf_buffer__new_raw(map, pages, &attributes, on_event, NULL, NULL);
}

/* The clock is looked at after each call, as it is on our side after each batch. */
static int run(struct perf_buffer *buffer, long long until)
{
	int result;

	do {
		result = perf_buffer__poll(buffer, 100);
		if (result < 0 && result != -EINTR)
			return result;
	} while (now() < until);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc != 6) {
		fprintf(stderr, "usage: perf MAP PAGES WATERMARK SECONDS WARMUP\n");
		return 2;
	}
	int map = bpf_obj_get(argv[1]);
	struct perf_buffer *buffer = open_buffer(map, atoi(argv[2]), atoi(argv[3]));

	if (!buffer) {
		fprintf(stderr, "Cannot open perf event array %s: %s\n", argv[1], strerror(errno));
		return 1;
	}
	int result = run(buffer, now() + (long long)(atof(argv[5]) * 1e9));
	long long start = now();

	records = 0;
	lost = 0;
	if (result == 0)
		result = run(buffer, start + (long long)(atof(argv[4]) * 1e9));
	if (result < 0) {
		fprintf(stderr, "Cannot read perf event array %s: %s\n", argv[1], strerror(-result));
		return 1;
	}
	printf("{\"records\":%llu,\"lost\":%llu,\"seconds\":%.6f,\"sum\":%llu}\n", records, lost, (now() - start) / 1e9,
	       sum);
	return 0;
}
