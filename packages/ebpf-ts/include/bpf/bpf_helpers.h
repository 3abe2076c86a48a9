/* SPDX-License-Identifier: MIT */
/*
 * What eBPF programs in C begin with: helpers, sections, the words that maps are defined in, printing. Include vmlinux.h, or
 * linux/bpf.h and linux/types.h, before it.
 */
#ifndef __BPF_HELPERS__
#define __BPF_HELPERS__

#include "bpf_helper_defs.h"

/* Macros over macros: joined names, and how many arguments there are (12 at most). */
#define __ebpf_join_now(a, b) a##b
#define __ebpf_join(a, b) __ebpf_join_now(a, b)
#define __ebpf_13th(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, answer, ...) answer
#define __ebpf_count(...) __ebpf_13th(0, ##__VA_ARGS__, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)
/* `name_2(a, b)` for two arguments. */
#define __ebpf_by_count(name, ...) __ebpf_join(name, __ebpf_count(__VA_ARGS__))

/* Names for the same that sources use. */
#define ___bpf_concat(a, b) __ebpf_join_now(a, b)
#define ___bpf_apply(name, suffix) __ebpf_join(name, suffix)
#define ___bpf_nth __ebpf_13th
#define ___bpf_narg(...) __ebpf_count(__VA_ARGS__)

#ifndef NULL
#define NULL ((void *)0)
#endif

#undef __always_inline
#define __always_inline inline __attribute__((always_inline))
#ifndef __noinline
#define __noinline __attribute__((noinline))
#endif
#ifndef __weak
#define __weak __attribute__((weak))
#endif
/* A function of this object alone: it is verified with each of its callers. */
#define __hidden __attribute__((visibility("hidden")))

/*
 * Where a program, a map, the licence stands. "used" keeps what nothing refers to; declarations of what another object has
 * would be warned of for it.
 */
#define SEC(name) \
	_Pragma("clang diagnostic push") _Pragma("clang diagnostic ignored \"-Wignored-attributes\"") \
	__attribute__((used, section(name))) \
	_Pragma("clang diagnostic pop")

/* Map definitions are types, for BTF to keep: a number is the length of an array, a type is what a pointer points at. */
#define __uint(name, val) int (*name)[val]
#define __ulong(name, val) enum { __ebpf_join(__ebpf_ulong_, __COUNTER__) = (val) } name
#define __type(name, val) typeof(val) *name
#define __array(name, val) typeof(val) *name[]

enum libbpf_pin_type { LIBBPF_PIN_NONE = 0, LIBBPF_PIN_BY_NAME = 1 };

/* Values of options of the kernel's configuration. */
enum libbpf_tristate { TRI_NO = 0, TRI_YES = 1, TRI_MODULE = 2 };

/* Filled in at load: options of the kernel's configuration, and addresses of the kernel's functions and variables. */
#define __kconfig __attribute__((section(".kconfig")))
#define __ksym __attribute__((section(".ksyms")))

/* Pointers in maps that the verifier follows. */
#define __kptr __attribute__((btf_type_tag("kptr")))
#define __kptr_ref __attribute__((btf_type_tag("kptr_ref")))
#define __kptr_untrusted __attribute__((btf_type_tag("kptr_untrusted")))
#define __percpu_kptr __attribute__((btf_type_tag("percpu_kptr")))
#define __uptr __attribute__((btf_type_tag("uptr")))

/* What the verifier is told of the parameters of a global function. */
#define __arg_ctx __attribute__((btf_decl_tag("arg:ctx")))
#define __arg_nonnull __attribute__((btf_decl_tag("arg:nonnull")))
#define __arg_nullable __attribute__((btf_decl_tag("arg:nullable")))
#define __arg_trusted __attribute__((btf_decl_tag("arg:trusted")))
#define __arg_untrusted __attribute__((btf_decl_tag("arg:untrusted")))
#define __arg_arena __attribute__((btf_decl_tag("arg:arena")))

/* Whether this kernel has a function or variable, which is declared `extern … __ksym __weak`. */
#define bpf_ksym_exists(sym) (!!(sym))

#ifndef KERNEL_VERSION
#define KERNEL_VERSION(major, minor, patch) (((major) << 16) + ((minor) << 8) + ((patch) < 255 ? (patch) : 255))
#endif

/*
 * As the address of a member, for the compiler then writes a CO-RE relocation: where the member is in this kernel. Of
 * __builtin_offsetof, which other headers take, it keeps the number alone.
 */
#undef offsetof
#define offsetof(type, member) ((unsigned long)&((type *)0)->member)
#undef container_of
#define container_of(pointer, type, member) ((type *)((void *)(pointer) - offsetof(type, member)))

/* The compiler forgets what it knew of memory; of one variable. */
#ifndef barrier
#define barrier() asm volatile("" : : : "memory")
#endif
#ifndef barrier_var
#define barrier_var(var) asm volatile("" : "+r"(var))
#endif

/* Where the program never comes: if the compiler cannot see that, there is no instruction for it, and it says so. */
#ifndef __bpf_unreachable
#define __bpf_unreachable() __builtin_trap()
#endif

/*
 * A tail call whose slot is a constant in the instruction itself, which kernels turn into a jump. Left to the compiler, the slot may come
 * out of a register that was set on several paths.
 */
#if defined(__bpf__)
static __always_inline void bpf_tail_call_static(void *ctx, const void *map, const unsigned int slot)
{
	if (!__builtin_constant_p(slot))
		__bpf_unreachable();
	asm volatile("r1 = %[context]\n\tr2 = %[table]\n\tr3 = %[index]\n\tcall 12"
		     :
		     : [context] "r"(ctx), [table] "r"(map), [index] "i"(slot)
		     : "r0", "r1", "r2", "r3", "r4", "r5");
}
#endif

/* Arguments as 64-bit words, one after the other. */
#define __ebpf_words_0(to)
#define __ebpf_words_1(to, x) *(to) = (unsigned long long)(x)
#define __ebpf_words_2(to, x, ...) __ebpf_words_1(to, x); __ebpf_words_1((to) + 1, __VA_ARGS__)
#define __ebpf_words_3(to, x, ...) __ebpf_words_1(to, x); __ebpf_words_2((to) + 1, __VA_ARGS__)
#define __ebpf_words_4(to, x, ...) __ebpf_words_1(to, x); __ebpf_words_3((to) + 1, __VA_ARGS__)
#define __ebpf_words_5(to, x, ...) __ebpf_words_1(to, x); __ebpf_words_4((to) + 1, __VA_ARGS__)
#define __ebpf_words_6(to, x, ...) __ebpf_words_1(to, x); __ebpf_words_5((to) + 1, __VA_ARGS__)
#define __ebpf_words_7(to, x, ...) __ebpf_words_1(to, x); __ebpf_words_6((to) + 1, __VA_ARGS__)
#define __ebpf_words_8(to, x, ...) __ebpf_words_1(to, x); __ebpf_words_7((to) + 1, __VA_ARGS__)
#define __ebpf_words_9(to, x, ...) __ebpf_words_1(to, x); __ebpf_words_8((to) + 1, __VA_ARGS__)
#define __ebpf_words_10(to, x, ...) __ebpf_words_1(to, x); __ebpf_words_9((to) + 1, __VA_ARGS__)
#define __ebpf_words_11(to, x, ...) __ebpf_words_1(to, x); __ebpf_words_10((to) + 1, __VA_ARGS__)
#define __ebpf_words_12(to, x, ...) __ebpf_words_1(to, x); __ebpf_words_11((to) + 1, __VA_ARGS__)

/* Calls `helper(first…, format, its size, words, their size)`; `before` is in parentheses, and ends with a comma. */
#define __ebpf_unwrap(...) __VA_ARGS__
#define __ebpf_format(helper, before, fmt, size, ...) \
	({ \
		static const char __ebpf_text[] = fmt; \
		unsigned long long __ebpf_args[__ebpf_count(__VA_ARGS__)]; \
		__ebpf_by_count(__ebpf_words_, ##__VA_ARGS__)(__ebpf_args, ##__VA_ARGS__); \
		helper(__ebpf_unwrap before __ebpf_text, __ebpf_unwrap size __ebpf_args, sizeof(__ebpf_args)); \
	})

#define BPF_SEQ_PRINTF(seq, fmt, args...) __ebpf_format(bpf_seq_printf, (seq, ), fmt, (sizeof(__ebpf_text), ), ##args)
#define BPF_SNPRINTF(out, out_size, fmt, args...) __ebpf_format(bpf_snprintf, (out, out_size, ), fmt, (), ##args)

/* To the kernel's trace_pipe. Up to three arguments every kernel takes; for more it must be Linux 5.16. */
#ifdef BPF_NO_GLOBAL_DATA
#define __ebpf_where_text
#else
#define __ebpf_where_text static const
#endif
#define __ebpf_print_few(fmt, args...) \
	({ \
		__ebpf_where_text char __ebpf_text[] = fmt; \
		bpf_trace_printk(__ebpf_text, sizeof(__ebpf_text), ##args); \
	})
#define __ebpf_print_many(fmt, args...) __ebpf_format(bpf_trace_vprintk, (), fmt, (sizeof(__ebpf_text), ), ##args)
#define __ebpf_print_0 __ebpf_print_few
#define __ebpf_print_1 __ebpf_print_few
#define __ebpf_print_2 __ebpf_print_few
#define __ebpf_print_3 __ebpf_print_few
#define __ebpf_print_4 __ebpf_print_many
#define __ebpf_print_5 __ebpf_print_many
#define __ebpf_print_6 __ebpf_print_many
#define __ebpf_print_7 __ebpf_print_many
#define __ebpf_print_8 __ebpf_print_many
#define __ebpf_print_9 __ebpf_print_many
#define __ebpf_print_10 __ebpf_print_many
#define __ebpf_print_11 __ebpf_print_many
#define __ebpf_print_12 __ebpf_print_many
#define bpf_printk(fmt, args...) __ebpf_by_count(__ebpf_print_, ##args)(fmt, ##args)
#define __bpf_printk __ebpf_print_few
#define __bpf_vprintk __ebpf_print_many

/* Loops that the verifier takes as one, by iterators of the kernel's (Linux 6.4). */
struct bpf_iter_num;
extern int bpf_iter_num_new(struct bpf_iter_num *it, int start, int end) __weak __ksym;
extern int *bpf_iter_num_next(struct bpf_iter_num *it) __weak __ksym;
extern void bpf_iter_num_destroy(struct bpf_iter_num *it) __weak __ksym;

/* `cur` is a pointer to each element of an iterator of that kind; leaving the loop, in whatever way, ends the iterator. */
#ifndef bpf_for_each
#define bpf_for_each(kind, cur, args...) \
	for (struct bpf_iter_##kind __ebpf_it __attribute__((aligned(8), cleanup(bpf_iter_##kind##_destroy))), \
	     *__ebpf_begun __attribute__((unused)) = (bpf_iter_##kind##_new(&__ebpf_it, ##args), NULL); \
	     ((cur) = bpf_iter_##kind##_next(&__ebpf_it));)
#endif

/* From `start` up to below `end`. The check of the value is for the verifier, which knows only that it is a number. */
#ifndef bpf_for
#define bpf_for(i, start, end) \
	for (struct bpf_iter_num __ebpf_it __attribute__((aligned(8), cleanup(bpf_iter_num_destroy))), \
	     *__ebpf_begun __attribute__((unused)) = (bpf_iter_num_new(&__ebpf_it, (start), (end)), NULL); \
	     ({ \
		     int *__ebpf_next = bpf_iter_num_next(&__ebpf_it); \
		     __ebpf_next && ((i) = *__ebpf_next, (i) >= (start) && (i) < (end)); \
	     });)
#endif

/* So many times. */
#ifndef bpf_repeat
#define bpf_repeat(times) \
	for (struct bpf_iter_num __ebpf_it __attribute__((aligned(8), cleanup(bpf_iter_num_destroy))), \
	     *__ebpf_begun __attribute__((unused)) = (bpf_iter_num_new(&__ebpf_it, 0, (times)), NULL); \
	     bpf_iter_num_next(&__ebpf_it);)
#endif

#endif
