// SPDX-License-Identifier: (MIT OR GPL-2.0-only)
/*
 * What libbpf makes of an object, as one line of JSON: judge [--attach] OBJECT. The object is loaded whole; where that fails, each program that
 * is to be loaded by itself. Errors are as the kernel numbers them, negative.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int quiet(enum libbpf_print_level level, const char *format, va_list arguments)
{
	(void)level;
	(void)format;
	(void)arguments;
	return 0;
}

static void print_text(const char *name, const char *text)
{
	printf("\"%s\":\"", name);
	for (; *text; text++) {
		unsigned char byte = *text;

		if (byte == '"' || byte == '\\' || byte < 0x20 || byte > 0x7e)
			printf("\\u%04x", byte);
		else
			putchar(byte);
	}
	putchar('"');
}

static void print_tag(int fd)
{
	struct bpf_prog_info info = {};
	__u32 length = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &length))
		return;
	printf(",\"tag\":\"");
	for (int i = 0; i < BPF_TAG_SIZE; i++)
		printf("%02x", info.tag[i]);
	printf("\"");
}

static void print_link(struct bpf_program *program)
{
	struct bpf_link *link;

	errno = 0;
	link = bpf_program__attach(program);
	/* Neither a link nor an error: its section does not say where it is attached. */
	if (!link && !errno)
		printf(",\"attached\":null");
	else
		printf(",\"attached\":%d", link ? 0 : -errno);
	if (link)
		bpf_link__destroy(link);
}

static bool is_first = true;

static void print_program(struct bpf_program *program, int outcome, bool attach)
{
	printf("%s{", is_first ? "" : ",");
	is_first = false;
	print_text("name", bpf_program__name(program));
	printf(",\"outcome\":%d,\"type\":%d", outcome, bpf_program__type(program));
	if (!outcome) {
		print_tag(bpf_program__fd(program));
		if (attach)
			print_link(program);
	}
	putchar('}');
}

/* Of operations of the kernel, once all is loaded. */
static void print_map_link(struct bpf_map *map)
{
	struct bpf_link *link = bpf_map__attach_struct_ops(map);

	printf(",\"attached\":%d", link ? 0 : -errno);
	if (link)
		bpf_link__destroy(link);
}

static void print_maps(struct bpf_object *object, bool attach)
{
	struct bpf_map *map;
	bool first = true;

	printf("\"maps\":[");
	bpf_object__for_each_map(map, object) {
		struct bpf_map_info info = {};
		__u32 length = sizeof(info);

		if (bpf_map__fd(map) < 0 || bpf_obj_get_info_by_fd(bpf_map__fd(map), &info, &length))
			continue;
		printf("%s{", first ? "" : ",");
		first = false;
		print_text("name", bpf_map__name(map));
		printf(",\"type\":%u,\"keySize\":%u,\"valueSize\":%u,\"maxEntries\":%u,\"flags\":%u,\"mapExtra\":%llu", info.type,
		       info.key_size, info.value_size, info.max_entries, info.map_flags, (unsigned long long)info.map_extra);
		printf(",\"typed\":%s", info.btf_id || info.btf_vmlinux_value_type_id ? "true" : "false");
		if (attach && info.type == BPF_MAP_TYPE_STRUCT_OPS)
			print_map_link(map);
		putchar('}');
	}
	printf("],");
}

/* Of the whole object, which is loaded. */
static void print_loaded(struct bpf_object *object, bool attach)
{
	struct bpf_program *program;

	print_maps(object, attach);
	printf("\"programs\":[");
	bpf_object__for_each_program(program, object)
		if (bpf_program__autoload(program))
			print_program(program, 0, attach);
	printf("]");
}

/* Nothing is left behind. */
static void unpin_maps(struct bpf_object *object)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, object)
		bpf_map__set_pin_path(map, NULL);
}

static bool load_one(const char *path, int index, bool attach, bool with_maps)
{
	struct bpf_object *object = bpf_object__open(path);
	struct bpf_program *program, *wanted = NULL;
	int at = 0, outcome;

	bpf_object__for_each_program(program, object) {
		if (at == index)
			wanted = program;
		else
			bpf_program__set_autoload(program, false);
		at++;
	}
	unpin_maps(object);
	outcome = bpf_object__load(object);
	if (with_maps && !outcome) {
		print_maps(object, false);
		printf("\"programs\":[");
	}
	if (!with_maps)
		print_program(wanted, outcome, attach);
	bpf_object__close(object);
	return !outcome;
}

static void print_one_by_one(const char *path, const bool *wanted, int count, bool attach)
{
	bool have_maps = false;

	for (int i = 0; i < count && !have_maps; i++)
		have_maps = wanted[i] && load_one(path, i, attach, true);
	if (!have_maps)
		printf("\"maps\":[],\"programs\":[");
	for (int i = 0; i < count; i++)
		if (wanted[i])
			load_one(path, i, attach, false);
	printf("]");
}

int main(int count, char **arguments)
{
	bool attach = count > 2 && !strcmp(arguments[1], "--attach");
	const char *path = arguments[attach ? 2 : 1];
	struct bpf_program *program;
	struct bpf_object *object;
	bool wanted[4096] = {};
	int programs = 0, outcome;

	if (count != (attach ? 3 : 2)) {
		fprintf(stderr, "judge [--attach] OBJECT\n");
		return 2;
	}
	libbpf_set_print(quiet);
	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	printf("{\"libbpf\":\"%s\",", libbpf_version_string());
	object = bpf_object__open(path);
	if (!object) {
		printf("\"open\":%d,\"load\":0,\"maps\":[],\"programs\":[]}\n", -errno);
		return 0;
	}
	bpf_object__for_each_program(program, object)
		if (programs < 4096)
			wanted[programs++] = bpf_program__autoload(program);
	unpin_maps(object);
	outcome = bpf_object__load(object);
	printf("\"open\":0,\"load\":%d,", outcome);
	if (!outcome)
		print_loaded(object, attach);
	bpf_object__close(object);
	if (outcome)
		print_one_by_one(path, wanted, programs, attach);
	printf("}\n");
	return 0;
}
