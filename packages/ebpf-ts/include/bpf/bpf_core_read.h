/* SPDX-License-Identifier: MIT */
/*
 * CO-RE: what a program asks of the kernel's types, and its loader answers for the kernel that is there. The numbers of the questions are
 * those of `enum bpf_core_relo_kind`, as clang's builtins have them.
 */
#ifndef __BPF_CORE_READ_H__
#define __BPF_CORE_READ_H__

#include "bpf_helpers.h"

enum bpf_field_info_kind {
	BPF_FIELD_BYTE_OFFSET = 0,
	BPF_FIELD_BYTE_SIZE = 1,
	BPF_FIELD_EXISTS = 2,
	BPF_FIELD_SIGNED = 3,
	BPF_FIELD_LSHIFT_U64 = 4,
	BPF_FIELD_RSHIFT_U64 = 5,
};
enum bpf_type_id_kind { BPF_TYPE_ID_LOCAL = 0, BPF_TYPE_ID_TARGET = 1 };
enum bpf_type_info_kind { BPF_TYPE_EXISTS = 0, BPF_TYPE_SIZE = 1, BPF_TYPE_MATCHES = 2 };
enum bpf_enum_value_kind { BPF_ENUMVAL_EXISTS = 0, BPF_ENUMVAL_VALUE = 1 };

/* A field is an expression, or a type and the name of its member. */
#define __ebpf_field_1(field) (field)
#define __ebpf_field_2(type, member) (((typeof(type) *)0)->member)
#define __ebpf_field(args...) __ebpf_by_count(__ebpf_field_, ##args)(args)

#define bpf_core_field_exists(field...) __builtin_preserve_field_info(__ebpf_field(field), BPF_FIELD_EXISTS)
#define bpf_core_field_size(field...) __builtin_preserve_field_info(__ebpf_field(field), BPF_FIELD_BYTE_SIZE)
#define bpf_core_field_offset(field...) __builtin_preserve_field_info(__ebpf_field(field), BPF_FIELD_BYTE_OFFSET)

#define __ebpf_some(type) (*(typeof(type) *)0)
#define bpf_core_type_id_local(type) __builtin_btf_type_id(__ebpf_some(type), BPF_TYPE_ID_LOCAL)
#define bpf_core_type_id_kernel(type) __builtin_btf_type_id(__ebpf_some(type), BPF_TYPE_ID_TARGET)
#define bpf_core_type_exists(type) __builtin_preserve_type_info(__ebpf_some(type), BPF_TYPE_EXISTS)
#define bpf_core_type_size(type) __builtin_preserve_type_info(__ebpf_some(type), BPF_TYPE_SIZE)
/* From clang 15 on. */
#define bpf_core_type_matches(type) __builtin_preserve_type_info(__ebpf_some(type), BPF_TYPE_MATCHES)

#define bpf_core_enum_value_exists(enum_type, enum_value) \
	__builtin_preserve_enum_value(*(typeof(enum_type) *)enum_value, BPF_ENUMVAL_EXISTS)
#define bpf_core_enum_value(enum_type, enum_value) \
	__builtin_preserve_enum_value(*(typeof(enum_type) *)enum_value, BPF_ENUMVAL_VALUE)

/* A pointer of the kernel's as one that the verifier knows the type of (Linux 6.8). */
extern void *bpf_rdonly_cast(const void *obj, __u32 btf_id) __weak __ksym;
#define bpf_core_cast(ptr, type) ((typeof(type) *)bpf_rdonly_cast((ptr), bpf_core_type_id_kernel(type)))

/* Reads that find their place in the kernel that is there. All give 0, or the helper's error. */
#define __ebpf_place(src) ((const void *)__builtin_preserve_access_index(src))
#define bpf_core_read(dst, sz, src) bpf_probe_read_kernel(dst, sz, __ebpf_place(src))
#define bpf_core_read_user(dst, sz, src) bpf_probe_read_user(dst, sz, __ebpf_place(src))
#define bpf_core_read_str(dst, sz, src) bpf_probe_read_kernel_str(dst, sz, __ebpf_place(src))
#define bpf_core_read_user_str(dst, sz, src) bpf_probe_read_user_str(dst, sz, __ebpf_place(src))

/*
 * Bitfields: the bytes that hold one, shifted to the top and down again, where the sign comes along. The first reads by a helper, the
 * second through a pointer that the program may follow itself.
 */
#define __ebpf_of_field(s, field, kind) __builtin_preserve_field_info((s)->field, BPF_FIELD_##kind)
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define __ebpf_low_bytes(value, size) ((void *)&(value))
#else
#define __ebpf_low_bytes(value, size) ((void *)&(value) + 8 - (size))
#endif
#define __ebpf_cut(s, field, value) \
	({ \
		(value) <<= __ebpf_of_field(s, field, LSHIFT_U64); \
		if (__ebpf_of_field(s, field, SIGNED)) \
			(value) = (long long)(value) >> __ebpf_of_field(s, field, RSHIFT_U64); \
		else \
			(value) = (value) >> __ebpf_of_field(s, field, RSHIFT_U64); \
		(value); \
	})

#define BPF_CORE_READ_BITFIELD_PROBED(s, field) \
	({ \
		unsigned long long __ebpf_bits = 0; \
		bpf_probe_read_kernel(__ebpf_low_bytes(__ebpf_bits, __ebpf_of_field(s, field, BYTE_SIZE)), \
				      __ebpf_of_field(s, field, BYTE_SIZE), \
				      (const void *)(s) + __ebpf_of_field(s, field, BYTE_OFFSET)); \
		__ebpf_cut(s, field, __ebpf_bits); \
	})

#define BPF_CORE_READ_BITFIELD(s, field) \
	({ \
		const void *__ebpf_from = (const void *)(s) + __ebpf_of_field(s, field, BYTE_OFFSET); \
		unsigned long long __ebpf_bits = 0; \
		/* The offset is added first: an access may have only one. */ \
		barrier_var(__ebpf_from); \
		switch (__ebpf_of_field(s, field, BYTE_SIZE)) { \
		case 1: __ebpf_bits = *(const unsigned char *)__ebpf_from; break; \
		case 2: __ebpf_bits = *(const unsigned short *)__ebpf_from; break; \
		case 4: __ebpf_bits = *(const unsigned int *)__ebpf_from; break; \
		case 8: __ebpf_bits = *(const unsigned long long *)__ebpf_from; break; \
		} \
		__ebpf_cut(s, field, __ebpf_bits); \
	})

/* The bits around the field are kept. */
#define BPF_CORE_WRITE_BITFIELD(s, field, new_val) \
	({ \
		void *__ebpf_to = (void *)(s) + __ebpf_of_field(s, field, BYTE_OFFSET); \
		unsigned int __ebpf_size = __ebpf_of_field(s, field, BYTE_SIZE); \
		unsigned int __ebpf_left = __ebpf_of_field(s, field, LSHIFT_U64); \
		unsigned int __ebpf_right = __ebpf_of_field(s, field, RSHIFT_U64); \
		unsigned long long __ebpf_mask, __ebpf_word, __ebpf_bits = (new_val); \
		unsigned int __ebpf_low = __ebpf_right - __ebpf_left; \
		barrier_var(__ebpf_to); \
		switch (__ebpf_size) { \
		case 1: __ebpf_word = *(unsigned char *)__ebpf_to; break; \
		case 2: __ebpf_word = *(unsigned short *)__ebpf_to; break; \
		case 4: __ebpf_word = *(unsigned int *)__ebpf_to; break; \
		case 8: __ebpf_word = *(unsigned long long *)__ebpf_to; break; \
		} \
		__ebpf_mask = (~0ULL << __ebpf_right) >> __ebpf_left; \
		__ebpf_word = (__ebpf_word & ~__ebpf_mask) | ((__ebpf_bits << __ebpf_low) & __ebpf_mask); \
		switch (__ebpf_size) { \
		case 1: *(unsigned char *)__ebpf_to = __ebpf_word; break; \
		case 2: *(unsigned short *)__ebpf_to = __ebpf_word; break; \
		case 4: *(unsigned int *)__ebpf_to = __ebpf_word; break; \
		case 8: *(unsigned long long *)__ebpf_to = __ebpf_word; break; \
		} \
	})

/*
 * Along pointers, `BPF_CORE_READ(task, mm, exe_file, f_inode, i_ino)`: every pointer on the way is read into the same variable, the last
 * field into `dst`. `ptr` is where the walk stands, `path` the expression whose type that has. Nine fields at most.
 */
#define __ebpf_walk_1(last, step, dst, ptr, path, f) last((void *)(dst), sizeof(*(dst)), &(ptr)->f)
#define __ebpf_walk_on(step, ptr, f) step(&__ebpf_at, sizeof(__ebpf_at), &(ptr)->f)
#define __ebpf_walk_2(last, step, dst, ptr, path, f, ...) \
	__ebpf_walk_on(step, ptr, f); __ebpf_walk_1(last, step, dst, ((typeof(path->f))__ebpf_at), path->f, __VA_ARGS__)
#define __ebpf_walk_3(last, step, dst, ptr, path, f, ...) \
	__ebpf_walk_on(step, ptr, f); __ebpf_walk_2(last, step, dst, ((typeof(path->f))__ebpf_at), path->f, __VA_ARGS__)
#define __ebpf_walk_4(last, step, dst, ptr, path, f, ...) \
	__ebpf_walk_on(step, ptr, f); __ebpf_walk_3(last, step, dst, ((typeof(path->f))__ebpf_at), path->f, __VA_ARGS__)
#define __ebpf_walk_5(last, step, dst, ptr, path, f, ...) \
	__ebpf_walk_on(step, ptr, f); __ebpf_walk_4(last, step, dst, ((typeof(path->f))__ebpf_at), path->f, __VA_ARGS__)
#define __ebpf_walk_6(last, step, dst, ptr, path, f, ...) \
	__ebpf_walk_on(step, ptr, f); __ebpf_walk_5(last, step, dst, ((typeof(path->f))__ebpf_at), path->f, __VA_ARGS__)
#define __ebpf_walk_7(last, step, dst, ptr, path, f, ...) \
	__ebpf_walk_on(step, ptr, f); __ebpf_walk_6(last, step, dst, ((typeof(path->f))__ebpf_at), path->f, __VA_ARGS__)
#define __ebpf_walk_8(last, step, dst, ptr, path, f, ...) \
	__ebpf_walk_on(step, ptr, f); __ebpf_walk_7(last, step, dst, ((typeof(path->f))__ebpf_at), path->f, __VA_ARGS__)
#define __ebpf_walk_9(last, step, dst, ptr, path, f, ...) \
	__ebpf_walk_on(step, ptr, f); __ebpf_walk_8(last, step, dst, ((typeof(path->f))__ebpf_at), path->f, __VA_ARGS__)
#define __ebpf_walk(last, step, dst, src, fields...) \
	({ \
		const void *__ebpf_at __attribute__((unused)); \
		__ebpf_by_count(__ebpf_walk_, ##fields)(last, step, dst, (src), (src), ##fields); \
	})

#define __ebpf_path_1(src, a) (src)->a
#define __ebpf_path_2(src, a, ...) __ebpf_path_1((src)->a, __VA_ARGS__)
#define __ebpf_path_3(src, a, ...) __ebpf_path_2((src)->a, __VA_ARGS__)
#define __ebpf_path_4(src, a, ...) __ebpf_path_3((src)->a, __VA_ARGS__)
#define __ebpf_path_5(src, a, ...) __ebpf_path_4((src)->a, __VA_ARGS__)
#define __ebpf_path_6(src, a, ...) __ebpf_path_5((src)->a, __VA_ARGS__)
#define __ebpf_path_7(src, a, ...) __ebpf_path_6((src)->a, __VA_ARGS__)
#define __ebpf_path_8(src, a, ...) __ebpf_path_7((src)->a, __VA_ARGS__)
#define __ebpf_path_9(src, a, ...) __ebpf_path_8((src)->a, __VA_ARGS__)
#define __ebpf_value(into, src, fields...) \
	({ \
		typeof(__ebpf_by_count(__ebpf_path_, ##fields)(src, ##fields)) __ebpf_read; \
		into(&__ebpf_read, src, ##fields); \
		__ebpf_read; \
	})

#define BPF_CORE_READ_INTO(dst, src, fields...) __ebpf_walk(bpf_core_read, bpf_core_read, dst, src, ##fields)
#define BPF_CORE_READ_USER_INTO(dst, src, fields...) __ebpf_walk(bpf_core_read_user, bpf_core_read_user, dst, src, ##fields)
#define BPF_CORE_READ_STR_INTO(dst, src, fields...) __ebpf_walk(bpf_core_read_str, bpf_core_read, dst, src, ##fields)
#define BPF_CORE_READ_USER_STR_INTO(dst, src, fields...) \
	__ebpf_walk(bpf_core_read_user_str, bpf_core_read_user, dst, src, ##fields)
#define BPF_CORE_READ(src, fields...) __ebpf_value(BPF_CORE_READ_INTO, src, ##fields)
#define BPF_CORE_READ_USER(src, fields...) __ebpf_value(BPF_CORE_READ_USER_INTO, src, ##fields)

/* The same without relocations: for structs whose layout never changes. */
#define BPF_PROBE_READ_INTO(dst, src, fields...) __ebpf_walk(bpf_probe_read_kernel, bpf_probe_read_kernel, dst, src, ##fields)
#define BPF_PROBE_READ_USER_INTO(dst, src, fields...) \
	__ebpf_walk(bpf_probe_read_user, bpf_probe_read_user, dst, src, ##fields)
#define BPF_PROBE_READ_STR_INTO(dst, src, fields...) \
	__ebpf_walk(bpf_probe_read_kernel_str, bpf_probe_read_kernel, dst, src, ##fields)
#define BPF_PROBE_READ_USER_STR_INTO(dst, src, fields...) \
	__ebpf_walk(bpf_probe_read_user_str, bpf_probe_read_user, dst, src, ##fields)
#define BPF_PROBE_READ(src, fields...) __ebpf_value(BPF_PROBE_READ_INTO, src, ##fields)
#define BPF_PROBE_READ_USER(src, fields...) __ebpf_value(BPF_PROBE_READ_USER_INTO, src, ##fields)

#endif
