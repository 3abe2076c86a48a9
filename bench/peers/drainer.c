// SPDX-License-Identifier: MIT
/*
 * Runs a pinned program that drains a user ring until its standard input ends, the same for us and for the peer.
 *   drainer PROGRAM     says {"samples","calls"} at the end
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

static int input_ended(void)
{
	struct pollfd input = { .fd = 0, .events = POLLIN };

	return poll(&input, 1, 0) > 0;
}

int main(int argc, char **argv)
{
	LIBBPF_OPTS(bpf_test_run_opts, options);
	unsigned long long samples = 0, calls = 0;

	if (argc != 2) {
		fprintf(stderr, "usage: drainer PROGRAM\n");
		return 2;
	}
	int program = bpf_obj_get(argv[1]);
	if (program < 0) {
		fprintf(stderr, "Cannot open %s: %s\n", argv[1], strerror(errno));
		return 1;
	}
	for (; calls % 64 != 0 || !input_ended(); calls++) {
		int error = bpf_prog_test_run_opts(program, &options) != 0 ? errno : 0;

		if (error == 0 && (int)options.retval < 0)
			error = -(int)options.retval;
		if (error != 0) {
			fprintf(stderr, "Cannot drain the user ring: %s\n", strerror(error));
			return 1;
		}
		samples += options.retval;
	}
	printf("{\"samples\":%llu,\"calls\":%llu}\n", samples, calls);
	return 0;
}
