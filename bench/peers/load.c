// SPDX-License-Identifier: MIT
/*
 * Loads and attaches an object with libbpf again and again, and prints medians in milliseconds: of the whole, and of what the kernel took for
 * its bpf(2) calls.
 *   load SECONDS OBJECT
 */
#define _GNU_SOURCE
#include <bpf/libbpf.h>
#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>

#define MOST 100000

static double in_kernel;

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1e3 + time.tv_nsec / 1e6;
}

/* Stands before that of the C library, which libbpf calls for bpf(2). */
long syscall(long number, ...)
{
	static long (*real)(long, ...);
	va_list arguments;
	long a[6], result;
	double began;

	if (!real)
		real = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
	va_start(arguments, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(arguments, long);
	va_end(arguments);
	began = now();
	result = real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
	if (number == SYS_bpf)
		in_kernel += now() - began;
	return result;
}

static int load_once(const char *path)
{
	struct bpf_object *object = bpf_object__open(path);
	struct bpf_link *links[16] = {};
	struct bpf_program *program;
	int count = 0, failed;

	if (!object)
		return 1;
	failed = bpf_object__load(object);
	if (!failed)
		bpf_object__for_each_program(program, object)
			if (count < 16)
				failed |= !(links[count++] = bpf_program__attach(program));
	for (int i = 0; i < count; i++)
		bpf_link__destroy(links[i]);
	bpf_object__close(object);
	return failed;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *found, int count)
{
	qsort(found, count, sizeof(*found), compare);
	return found[count / 2];
}

int main(int argc, char **argv)
{
	static double whole[MOST], kernel[MOST];
	double end;
	int count = 0;

	if (argc != 3) {
		fprintf(stderr, "usage: load SECONDS OBJECT\n");
		return 2;
	}
	end = now() + atof(argv[1]) * 1e3;
	do {
		double began = now();

		in_kernel = 0;
		if (load_once(argv[2]))
			return 1;
		whole[count] = now() - began;
		kernel[count++] = in_kernel;
	} while (now() < end && count < MOST);
	printf("%f %f\n", median(whole, count), median(kernel, count));
	return 0;
}
