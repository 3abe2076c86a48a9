// SPDX-License-Identifier: MIT
/*
 * Does with libbpf what a start does, and ends.
 *   start none              nothing
 *   start inspect OBJECT    reads the object, and says what its maps and programs are
 *   start load OBJECT       loads it, and attaches its programs where their sections say
 */
#include <bpf/libbpf.h>
#include <stdio.h>
#include <string.h>

static void inspect(struct bpf_object *object)
{
	struct bpf_program *program;
	struct bpf_map *map;

	bpf_object__for_each_program(program, object)
		printf("%s %s\n", bpf_program__name(program), bpf_program__section_name(program));
	bpf_object__for_each_map(map, object)
		printf("%s %u\n", bpf_map__name(map), bpf_map__max_entries(map));
}

static int load(struct bpf_object *object)
{
	struct bpf_program *program;

	if (bpf_object__load(object) != 0)
		return 1;
	bpf_object__for_each_program(program, object)
		if (!bpf_program__attach(program))
			return 1;
	return 0;
}

int main(int argc, char **argv)
{
	struct bpf_object *object;

	if (argc < 2 || (strcmp(argv[1], "none") != 0 && argc != 3)) {
		fprintf(stderr, "usage: start none | inspect OBJECT | load OBJECT\n");
		return 2;
	}
	if (strcmp(argv[1], "none") == 0)
		return 0;
	object = bpf_object__open(argv[2]);
	if (!object)
		return 1;
	if (strcmp(argv[1], "load") == 0)
		return load(object);
	inspect(object);
	return 0;
}
