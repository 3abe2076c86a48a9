// SPDX-License-Identifier: MIT
/*
 * What waking up costs without a ring: a socket that has a time stamp every millisecond, and a timer.
 *   wake serve                           on the other core: says {"port"}, and writes the time to whoever connects, until its input ends
 *   wake socket PORT SECONDS WARMUP      says {"nanoseconds":[...]}, one for each time that it read
 *   wake timer MS SECONDS WARMUP         says {"ticks","cpu"} of a loop that sleeps in epoll and does nothing
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { most_latencies = 1 << 20, millisecond = 1000000 };

static long long now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static double cpu_time(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static int failed(const char *what)
{
	fprintf(stderr, "Cannot %s: %s\n", what, strerror(errno));
	return 1;
}

static struct sockaddr_in address_of(int port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return address;
}

static int input_ended(int timeout)
{
	struct pollfd input = { .fd = 0, .events = POLLIN };

	return poll(&input, 1, timeout) > 0;
}

static void sleep_until(long long when)
{
	struct timespec time = { .tv_sec = when / 1000000000LL, .tv_nsec = when % 1000000000LL };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL) == EINTR)
		;
}

static int serve(void)
{
	struct sockaddr_in address = address_of(0);
	socklen_t length = sizeof(address);
	int server = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
	struct pollfd sources[2] = { { .fd = 0, .events = POLLIN }, { .fd = server, .events = POLLIN } };

	signal(SIGPIPE, SIG_IGN);
	if (server < 0 || bind(server, (struct sockaddr *)&address, length) != 0 || listen(server, 1) != 0 ||
	    getsockname(server, (struct sockaddr *)&address, &length) != 0)
		return failed("listen");
	printf("{\"port\":%d}\n", ntohs(address.sin_port));
	fflush(stdout);
	while (poll(sources, 2, -1) > 0 && !sources[0].revents) {
		int reader = accept(server, NULL, NULL);
		long long stamp, start = now();

		setsockopt(reader, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
		for (int step = 1; reader >= 0 && !input_ended(0); step++) {
			sleep_until(start + (long long)step * millisecond);
			stamp = now();
			if (write(reader, &stamp, sizeof(stamp)) != sizeof(stamp))
				break;
		}
		close(reader);
	}
	return 0;
}

/* Times that were written while this side was not looking are read at once, as they are from a ring. */
static int read_socket(int port, double seconds, double warm_up)
{
	struct sockaddr_in address = address_of(port);
	int reader = socket(AF_INET, SOCK_STREAM, 0), poller = epoll_create1(0);
	long long stamps[512], *latencies = malloc(most_latencies * sizeof(*latencies));
	struct epoll_event event = { .events = EPOLLIN };
	size_t count = 0;

	if (reader < 0 || poller < 0 || !latencies || connect(reader, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    epoll_ctl(poller, EPOLL_CTL_ADD, reader, &event) != 0)
		return failed("connect");
	long long begin = now() + (long long)(warm_up * 1e9), end = begin + (long long)(seconds * 1e9);

	while (now() < end) {
		if (epoll_wait(poller, &event, 1, 100) <= 0)
			continue;
		ssize_t size = read(reader, stamps, sizeof(stamps));

		if (size <= 0)
			return failed("read");
		for (ssize_t i = 0; i < size / (ssize_t)sizeof(*stamps); i++)
			if (stamps[i] >= begin && count < most_latencies)
				latencies[count++] = now() - stamps[i];
	}
	printf("{\"nanoseconds\":[");
	for (size_t i = 0; i < count; i++)
		printf("%s%lld", i ? "," : "", latencies[i]);
	printf("]}\n");
	return 0;
}

static int tick(int timeout, double seconds, double warm_up)
{
	int poller = epoll_create1(0), ticks = 0;
	long long begin = now() + (long long)(warm_up * 1e9), end = begin + (long long)(seconds * 1e9);
	struct epoll_event event;
	double cpu = 0;

	if (poller < 0)
		return failed("make an epoll");
	while (now() < begin)
		epoll_wait(poller, &event, 1, timeout);
	cpu = cpu_time();
	for (; now() < end; ticks++)
		epoll_wait(poller, &event, 1, timeout);
	printf("{\"ticks\":%d,\"cpu\":%.6f}\n", ticks, cpu_time() - cpu);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "serve") == 0)
		return serve();
	if (argc == 5 && strcmp(argv[1], "socket") == 0)
		return read_socket(atoi(argv[2]), atof(argv[3]), atof(argv[4]));
	if (argc == 5 && strcmp(argv[1], "timer") == 0)
		return tick(atoi(argv[2]), atof(argv[3]), atof(argv[4]));
	fprintf(stderr, "usage: wake serve | wake socket PORT SECONDS WARMUP | wake timer MS SECONDS WARMUP\n");
	return 2;
}
