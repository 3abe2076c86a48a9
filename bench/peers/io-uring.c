// SPDX-License-Identifier: MIT
/*
 * NOPs through io_uring, by system calls of its own.
 *   io-uring SECONDS WARMUP     says {"nanoseconds"} of a NOP, its completion included, or {"unavailable"}
 */
#include <errno.h>
#include <linux/io_uring.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Submitted with one system call, which also waits for them. */
enum { batch = 4096 };

struct ring {
	int descriptor;
	unsigned int *sq_tail, *sq_mask, *sq_array;
	unsigned int *cq_head, *cq_tail, *cq_mask;
	struct io_uring_sqe *entries;
	struct io_uring_cqe *completions;
};

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

static void *map(int descriptor, size_t size, unsigned long long offset)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, descriptor, offset);
}

static int open_ring(struct ring *ring)
{
	struct io_uring_params parameters;

	memset(&parameters, 0, sizeof(parameters));
	ring->descriptor = syscall(__NR_io_uring_setup, batch, &parameters);
	if (ring->descriptor < 0)
		return -1;
	char *sq = map(ring->descriptor, parameters.sq_off.array + parameters.sq_entries * sizeof(unsigned int),
		       IORING_OFF_SQ_RING);
	char *cq = map(ring->descriptor,
		       parameters.cq_off.cqes + parameters.cq_entries * sizeof(struct io_uring_cqe),
		       IORING_OFF_CQ_RING);

	ring->entries = map(ring->descriptor, parameters.sq_entries * sizeof(struct io_uring_sqe), IORING_OFF_SQES);
	if (sq == MAP_FAILED || cq == MAP_FAILED || ring->entries == MAP_FAILED)
		return -1;
	ring->sq_tail = (unsigned int *)(sq + parameters.sq_off.tail);
	ring->sq_mask = (unsigned int *)(sq + parameters.sq_off.ring_mask);
	ring->sq_array = (unsigned int *)(sq + parameters.sq_off.array);
	ring->cq_head = (unsigned int *)(cq + parameters.cq_off.head);
	ring->cq_tail = (unsigned int *)(cq + parameters.cq_off.tail);
	ring->cq_mask = (unsigned int *)(cq + parameters.cq_off.ring_mask);
	ring->completions = (struct io_uring_cqe *)(cq + parameters.cq_off.cqes);
	return 0;
}

static void fill(struct ring *ring)
{
	unsigned int tail = *ring->sq_tail;

	for (unsigned int i = 0; i < batch; i++, tail++) {
		unsigned int index = tail & *ring->sq_mask;
		struct io_uring_sqe *entry = &ring->entries[index];

		memset(entry, 0, sizeof(*entry));
		entry->opcode = IORING_OP_NOP;
		entry->user_data = i;
		ring->sq_array[index] = index;
	}
	__atomic_store_n(ring->sq_tail, tail, __ATOMIC_RELEASE);
}

static int reap(struct ring *ring)
{
	unsigned int head = *ring->cq_head;
	unsigned int tail = __atomic_load_n(ring->cq_tail, __ATOMIC_ACQUIRE);
	unsigned int count = tail - head;

	for (; head != tail; head++) {
		if (ring->completions[head & *ring->cq_mask].res != 0)
			return -1;
	}
	__atomic_store_n(ring->cq_head, head, __ATOMIC_RELEASE);
	return count == batch ? 0 : -1;
}

static double run(struct ring *ring, double seconds)
{
	double start = now(), end;
	unsigned long messages = 0;

	do {
		fill(ring);
		long submitted = syscall(__NR_io_uring_enter, ring->descriptor, batch, batch, IORING_ENTER_GETEVENTS,
					 NULL, 0);
		if (submitted < 0)
			return -1;
		errno = EIO;
		if (submitted != batch || reap(ring) != 0)
			return -1;
		messages += batch;
		end = now();
	} while (end - start < seconds);
	return (end - start) * 1e9 / messages;
}

int main(int argc, char **argv)
{
	struct ring ring;

	if (argc != 3) {
		fprintf(stderr, "usage: io-uring SECONDS WARMUP\n");
		return 2;
	}
	if (open_ring(&ring) != 0) {
		if (errno != ENOSYS && errno != EPERM) {
			fprintf(stderr, "Cannot set up io_uring: %s\n", strerror(errno));
			return 1;
		}
		printf("{\"unavailable\":\"%s\"}\n", errno == ENOSYS ? "ENOSYS" : "EPERM");
		return 0;
	}
	double nanoseconds = run(&ring, atof(argv[2]));

	if (nanoseconds >= 0)
		nanoseconds = run(&ring, atof(argv[1]));
	if (nanoseconds < 0) {
		fprintf(stderr, "Cannot submit NOPs: %s\n", strerror(errno));
		return 1;
	}
	printf("{\"nanoseconds\":%.3f}\n", nanoseconds);
	return 0;
}
