// relocate-by-libbpf OBJECT TYPES: lets libbpf relocate the object's programs against the types of another file, and prints what it
// says of each relocation. That the kernel then refuses the programs does not matter.
#include <stdarg.h>
#include <stdio.h>
#include <bpf/libbpf.h>

static int print(enum libbpf_print_level level, const char *format, va_list args)
{
	return vprintf(format, args);
}

int main(int argc, char **argv)
{
	LIBBPF_OPTS(bpf_object_open_opts, options, .btf_custom_path = argv[2]);
	struct bpf_object *object;

	libbpf_set_print(print);
	object = bpf_object__open_file(argv[1], &options);
	if (!object)
		return 1;
	bpf_object__load(object);
	bpf_object__close(object);
	return 0;
}
