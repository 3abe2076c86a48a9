// SPDX-License-Identifier: MIT
/*
 * Runs a pinned produce_* program until its standard input ends, the same for us and for the peer.
 *   producer PROGRAM FLAGS RATE STAMP SECONDS
 * RATE is records per second in steps of a millisecond, 0 as fast as it goes. After SECONDS, unless they are 0, it waits and produces
 * no more. Says {"submitted","refused","seconds"} at the end.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct request {
	unsigned long long count;
	unsigned long long stamp;
	unsigned long long flags;
	unsigned long long submitted;
	unsigned long long refused;
};

static const unsigned int burst = 1 << 14;

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

static int input_ended(int timeout)
{
	struct pollfd input = { .fd = 0, .events = POLLIN };

	return poll(&input, 1, timeout) > 0;
}

/* The kernel copies the request back for SEC("syscall") alone: a SEC("raw_tp") program gives how many it submitted. */
static int is_raw(int program)
{
	struct bpf_prog_info info = { 0 };
	__u32 size = sizeof(info);

	return bpf_obj_get_info_by_fd(program, &info, &size) == 0 && info.type == BPF_PROG_TYPE_RAW_TRACEPOINT;
}

static int run(int program, int raw, struct request *request, unsigned int count)
{
	LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = request, .ctx_size_in = sizeof(*request));

	request->count = count;
	if (bpf_prog_test_run_opts(program, &options) != 0)
		return -1;
	errno = EPROTO;
	if (!raw)
		return options.retval == 0 ? 0 : -1;
	if (options.retval > count)
		return -1;
	request->submitted += options.retval;
	request->refused += count - options.retval;
	return 0;
}

/* Until the next step, which is counted from the start, so that a late one is made up for. */
static void sleep_until(double when)
{
	struct timespec time = { .tv_sec = (time_t)when, .tv_nsec = (long)((when - (time_t)when) * 1e9) };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL) == EINTR)
		;
}

int main(int argc, char **argv)
{
	struct request request = { 0 };
	double start, rate, seconds;
	unsigned long long offered = 0;

	if (argc != 6) {
		fprintf(stderr, "usage: producer PROGRAM FLAGS RATE STAMP SECONDS\n");
		return 2;
	}
	int program = bpf_obj_get(argv[1]);
	if (program < 0) {
		fprintf(stderr, "Cannot open %s: %s\n", argv[1], strerror(errno));
		return 1;
	}
	int raw = is_raw(program);

	request.flags = strtoull(argv[2], NULL, 0);
	rate = strtod(argv[3], NULL);
	request.stamp = atoi(argv[4]);
	seconds = strtod(argv[5], NULL);
	start = now();
	for (int step = 1; !input_ended(0) && (seconds == 0 || now() - start < seconds); step++) {
		unsigned int count = burst;

		if (rate > 0) {
			count = (unsigned int)(rate * step / 1000 - offered);
			offered += count;
		}
		if (count > 0 && run(program, raw, &request, count) != 0) {
			fprintf(stderr, "Cannot run the producer: %s\n", strerror(errno));
			return 1;
		}
		if (rate > 0)
			sleep_until(start + step / 1000.0);
	}
	while (!input_ended(-1))
		;
	printf("{\"submitted\":%llu,\"refused\":%llu,\"seconds\":%.6f}\n", request.submitted, request.refused, now() - start);
	return 0;
}
