/* SPDX-License-Identifier: MIT */
/*
 * Arguments of what a program is attached to, by their C types: BPF_PROG for contexts that are arrays of words, BPF_KPROBE, BPF_UPROBE and
 * BPF_KSYSCALL for registers. For which processor is said by __TARGET_ARCH_x86, __TARGET_ARCH_arm64, ….
 */
#ifndef __BPF_TRACING_H__
#define __BPF_TRACING_H__

#include "bpf_core_read.h"
#include "bpf_helpers.h"

/*
 * The calling convention of each processor, by the names of its struct pt_regs: where a function has its parameters and its result, the
 * frame, the stack, the next instruction, and where it returns to. System calls have some of their parameters elsewhere.
 */
#if defined(__TARGET_ARCH_x86)

/* The kernel's own struct names registers otherwise than the one for user space. */
#if defined(__KERNEL__) || defined(__VMLINUX_H__)
#define __EBPF_REG_1 di
#define __EBPF_REG_2 si
#define __EBPF_REG_3 dx
#define __EBPF_REG_4 cx
#define __EBPF_REG_RET sp
#define __EBPF_REG_FP bp
#define __EBPF_REG_RC ax
#define __EBPF_REG_SP sp
#define __EBPF_REG_IP ip
#elif defined(__i386__)
#error "eBPF programs have no 32-bit x86"
#else
#define __EBPF_REG_1 rdi
#define __EBPF_REG_2 rsi
#define __EBPF_REG_3 rdx
#define __EBPF_REG_4 rcx
#define __EBPF_REG_RET rsp
#define __EBPF_REG_FP rbp
#define __EBPF_REG_RC rax
#define __EBPF_REG_SP rsp
#define __EBPF_REG_IP rip
#endif
#define __EBPF_REG_5 r8
#define __EBPF_REG_6 r9
#define __EBPF_CALL_4 r10
#define __EBPF_HAS_SYSCALL_WRAPPER

#elif defined(__TARGET_ARCH_arm64)

/* What follows the registers of user space is in the kernel's struct alone. */
struct pt_regs___arm64 {
	unsigned long orig_x0;
} __attribute__((preserve_access_index));
#define __PT_REGS_CAST(ctx) ((const struct user_pt_regs *)(ctx))
#define __EBPF_REG_1 regs[0]
#define __EBPF_REG_2 regs[1]
#define __EBPF_REG_3 regs[2]
#define __EBPF_REG_4 regs[3]
#define __EBPF_REG_5 regs[4]
#define __EBPF_REG_6 regs[5]
#define __EBPF_REG_7 regs[6]
#define __EBPF_REG_8 regs[7]
#define __EBPF_REG_RET regs[30]
#define __EBPF_REG_FP regs[29]
#define __EBPF_REG_RC regs[0]
#define __EBPF_REG_SP sp
#define __EBPF_REG_IP pc
#define PT_REGS_PARM1_SYSCALL(ctx) PT_REGS_PARM1_CORE_SYSCALL(ctx)
#define PT_REGS_PARM1_CORE_SYSCALL(ctx) BPF_CORE_READ((const struct pt_regs___arm64 *)(ctx), orig_x0)
#define __EBPF_HAS_SYSCALL_WRAPPER

#elif defined(__TARGET_ARCH_riscv)

#define __PT_REGS_CAST(ctx) ((const struct user_regs_struct *)(ctx))
#define __EBPF_REG_1 a0
#define __EBPF_REG_2 a1
#define __EBPF_REG_3 a2
#define __EBPF_REG_4 a3
#define __EBPF_REG_5 a4
#define __EBPF_REG_6 a5
#define __EBPF_REG_7 a6
#define __EBPF_REG_8 a7
#define __EBPF_REG_RET ra
#define __EBPF_REG_FP s0
#define __EBPF_REG_RC a0
#define __EBPF_REG_SP sp
#define __EBPF_REG_IP pc

#elif defined(__TARGET_ARCH_loongarch)

#define __PT_REGS_CAST(ctx) ((const struct user_pt_regs *)(ctx))
#define __EBPF_REG_1 regs[4]
#define __EBPF_REG_2 regs[5]
#define __EBPF_REG_3 regs[6]
#define __EBPF_REG_4 regs[7]
#define __EBPF_REG_5 regs[8]
#define __EBPF_REG_6 regs[9]
#define __EBPF_REG_7 regs[10]
#define __EBPF_REG_8 regs[11]
#define __EBPF_REG_RET regs[1]
#define __EBPF_REG_FP regs[22]
#define __EBPF_REG_RC regs[4]
#define __EBPF_REG_SP regs[3]
#define __EBPF_REG_IP csr_era

#elif defined(__TARGET_ARCH_powerpc)

#define __EBPF_REG_1 gpr[3]
#define __EBPF_REG_2 gpr[4]
#define __EBPF_REG_3 gpr[5]
#define __EBPF_REG_4 gpr[6]
#define __EBPF_REG_5 gpr[7]
#define __EBPF_REG_6 gpr[8]
#define __EBPF_REG_7 gpr[9]
#define __EBPF_REG_8 gpr[10]
#define __EBPF_REG_RET link
#define __EBPF_REG_FP gpr[31]
#define __EBPF_REG_RC gpr[3]
#define __EBPF_REG_SP gpr[1]
#define __EBPF_REG_IP nip

#endif

#ifdef __EBPF_REG_1

/* Where it needs no other type, it keeps its own: it may be volatile. */
#ifndef __PT_REGS_CAST
#define __PT_REGS_CAST(ctx) (ctx)
#endif
#ifndef __EBPF_CALL_4
#define __EBPF_CALL_4 __EBPF_REG_4
#endif

/* The context of a program is read in place; registers that lie elsewhere (_CORE) by a helper, with relocations. */
#define __ebpf_reg(ctx, name) (__PT_REGS_CAST(ctx)->name)
#define __ebpf_far_reg(ctx, name) BPF_CORE_READ(__PT_REGS_CAST(ctx), name)

#define PT_REGS_PARM1(ctx) __ebpf_reg(ctx, __EBPF_REG_1)
#define PT_REGS_PARM2(ctx) __ebpf_reg(ctx, __EBPF_REG_2)
#define PT_REGS_PARM3(ctx) __ebpf_reg(ctx, __EBPF_REG_3)
#define PT_REGS_PARM4(ctx) __ebpf_reg(ctx, __EBPF_REG_4)
#define PT_REGS_PARM5(ctx) __ebpf_reg(ctx, __EBPF_REG_5)
#define PT_REGS_PARM6(ctx) __ebpf_reg(ctx, __EBPF_REG_6)
#define PT_REGS_PARM7(ctx) __ebpf_reg(ctx, __EBPF_REG_7)
#define PT_REGS_PARM8(ctx) __ebpf_reg(ctx, __EBPF_REG_8)
#define PT_REGS_RET(ctx) __ebpf_reg(ctx, __EBPF_REG_RET)
#define PT_REGS_FP(ctx) __ebpf_reg(ctx, __EBPF_REG_FP)
#define PT_REGS_RC(ctx) __ebpf_reg(ctx, __EBPF_REG_RC)
#define PT_REGS_SP(ctx) __ebpf_reg(ctx, __EBPF_REG_SP)
#define PT_REGS_IP(ctx) __ebpf_reg(ctx, __EBPF_REG_IP)

#define PT_REGS_PARM1_CORE(ctx) __ebpf_far_reg(ctx, __EBPF_REG_1)
#define PT_REGS_PARM2_CORE(ctx) __ebpf_far_reg(ctx, __EBPF_REG_2)
#define PT_REGS_PARM3_CORE(ctx) __ebpf_far_reg(ctx, __EBPF_REG_3)
#define PT_REGS_PARM4_CORE(ctx) __ebpf_far_reg(ctx, __EBPF_REG_4)
#define PT_REGS_PARM5_CORE(ctx) __ebpf_far_reg(ctx, __EBPF_REG_5)
#define PT_REGS_PARM6_CORE(ctx) __ebpf_far_reg(ctx, __EBPF_REG_6)
#define PT_REGS_PARM7_CORE(ctx) __ebpf_far_reg(ctx, __EBPF_REG_7)
#define PT_REGS_PARM8_CORE(ctx) __ebpf_far_reg(ctx, __EBPF_REG_8)
#define PT_REGS_RET_CORE(ctx) __ebpf_far_reg(ctx, __EBPF_REG_RET)
#define PT_REGS_FP_CORE(ctx) __ebpf_far_reg(ctx, __EBPF_REG_FP)
#define PT_REGS_RC_CORE(ctx) __ebpf_far_reg(ctx, __EBPF_REG_RC)
#define PT_REGS_SP_CORE(ctx) __ebpf_far_reg(ctx, __EBPF_REG_SP)
#define PT_REGS_IP_CORE(ctx) __ebpf_far_reg(ctx, __EBPF_REG_IP)

#ifndef PT_REGS_PARM1_SYSCALL
#define PT_REGS_PARM1_SYSCALL(ctx) PT_REGS_PARM1(ctx)
#define PT_REGS_PARM1_CORE_SYSCALL(ctx) PT_REGS_PARM1_CORE(ctx)
#endif
#define PT_REGS_PARM2_SYSCALL(ctx) PT_REGS_PARM2(ctx)
#define PT_REGS_PARM3_SYSCALL(ctx) PT_REGS_PARM3(ctx)
#define PT_REGS_PARM4_SYSCALL(ctx) __ebpf_reg(ctx, __EBPF_CALL_4)
#define PT_REGS_PARM5_SYSCALL(ctx) PT_REGS_PARM5(ctx)
#define PT_REGS_PARM6_SYSCALL(ctx) PT_REGS_PARM6(ctx)
#define PT_REGS_PARM7_SYSCALL(ctx) PT_REGS_PARM7(ctx)
#define PT_REGS_PARM2_CORE_SYSCALL(ctx) PT_REGS_PARM2_CORE(ctx)
#define PT_REGS_PARM3_CORE_SYSCALL(ctx) PT_REGS_PARM3_CORE(ctx)
#define PT_REGS_PARM4_CORE_SYSCALL(ctx) __ebpf_far_reg(ctx, __EBPF_CALL_4)
#define PT_REGS_PARM5_CORE_SYSCALL(ctx) PT_REGS_PARM5_CORE(ctx)
#define PT_REGS_PARM6_CORE_SYSCALL(ctx) PT_REGS_PARM6_CORE(ctx)
#define PT_REGS_PARM7_CORE_SYSCALL(ctx) PT_REGS_PARM7_CORE(ctx)

/* Where the parameters of a system call are when its function was entered: behind a pointer, where the kernel wraps those functions. */
#ifdef __EBPF_HAS_SYSCALL_WRAPPER
#define PT_REGS_SYSCALL_REGS(ctx) ((struct pt_regs *)PT_REGS_PARM1(ctx))
#else
#define PT_REGS_SYSCALL_REGS(ctx) (ctx)
#endif

#define BPF_KPROBE_READ_RET_IP(ip, ctx) bpf_probe_read_kernel(&(ip), sizeof(ip), (void *)PT_REGS_RET(ctx))
#define BPF_KRETPROBE_READ_RET_IP(ip, ctx) bpf_probe_read_kernel(&(ip), sizeof(ip), (void *)(PT_REGS_FP(ctx) + sizeof(ip)))

#endif

/* Up to 12 arguments, each read by `read(ctx, its number)`, and written after `ctx`. */
#define __ebpf_each_0(read)
#define __ebpf_each_1(read, ...) , (void *)read(ctx, 0)
#define __ebpf_each_2(read, a, ...) __ebpf_each_1(read, __VA_ARGS__), (void *)read(ctx, 1)
#define __ebpf_each_3(read, a, ...) __ebpf_each_2(read, __VA_ARGS__), (void *)read(ctx, 2)
#define __ebpf_each_4(read, a, ...) __ebpf_each_3(read, __VA_ARGS__), (void *)read(ctx, 3)
#define __ebpf_each_5(read, a, ...) __ebpf_each_4(read, __VA_ARGS__), (void *)read(ctx, 4)
#define __ebpf_each_6(read, a, ...) __ebpf_each_5(read, __VA_ARGS__), (void *)read(ctx, 5)
#define __ebpf_each_7(read, a, ...) __ebpf_each_6(read, __VA_ARGS__), (void *)read(ctx, 6)
#define __ebpf_each_8(read, a, ...) __ebpf_each_7(read, __VA_ARGS__), (void *)read(ctx, 7)
#define __ebpf_each_9(read, a, ...) __ebpf_each_8(read, __VA_ARGS__), (void *)read(ctx, 8)
#define __ebpf_each_10(read, a, ...) __ebpf_each_9(read, __VA_ARGS__), (void *)read(ctx, 9)
#define __ebpf_each_11(read, a, ...) __ebpf_each_10(read, __VA_ARGS__), (void *)read(ctx, 10)
#define __ebpf_each_12(read, a, ...) __ebpf_each_11(read, __VA_ARGS__), (void *)read(ctx, 11)
#define __ebpf_each(read, args...) __ebpf_by_count(__ebpf_each_, ##args)(read, ##args)

#define __ebpf_word(ctx, number) ctx[number]
#define __ebpf_parm_0 PT_REGS_PARM1
#define __ebpf_parm_1 PT_REGS_PARM2
#define __ebpf_parm_2 PT_REGS_PARM3
#define __ebpf_parm_3 PT_REGS_PARM4
#define __ebpf_parm_4 PT_REGS_PARM5
#define __ebpf_parm_5 PT_REGS_PARM6
#define __ebpf_parm_6 PT_REGS_PARM7
#define __ebpf_parm_7 PT_REGS_PARM8
#define __ebpf_parm(ctx, number) __ebpf_join_now(__ebpf_parm_, number)(ctx)
#define __ebpf_call_0 PT_REGS_PARM1_SYSCALL
#define __ebpf_call_1 PT_REGS_PARM2_SYSCALL
#define __ebpf_call_2 PT_REGS_PARM3_SYSCALL
#define __ebpf_call_3 PT_REGS_PARM4_SYSCALL
#define __ebpf_call_4 PT_REGS_PARM5_SYSCALL
#define __ebpf_call_5 PT_REGS_PARM6_SYSCALL
#define __ebpf_call_6 PT_REGS_PARM7_SYSCALL
#define __ebpf_call(unused, number) __ebpf_join_now(__ebpf_call_, number)(__ebpf_regs)
#define __ebpf_far_call_0 PT_REGS_PARM1_CORE_SYSCALL
#define __ebpf_far_call_1 PT_REGS_PARM2_CORE_SYSCALL
#define __ebpf_far_call_2 PT_REGS_PARM3_CORE_SYSCALL
#define __ebpf_far_call_3 PT_REGS_PARM4_CORE_SYSCALL
#define __ebpf_far_call_4 PT_REGS_PARM5_CORE_SYSCALL
#define __ebpf_far_call_5 PT_REGS_PARM6_CORE_SYSCALL
#define __ebpf_far_call_6 PT_REGS_PARM7_CORE_SYSCALL
#define __ebpf_far_call(unused, number) __ebpf_join_now(__ebpf_far_call_, number)(__ebpf_regs)

/*
 * A program whose context is of type `context`, and whose body is the block that follows, with `ctx` and typed parameters. Pointers and
 * integers both come as 64-bit words, so that the conversion between them is meant.
 */
#define __ebpf_quietly(statement) \
	_Pragma("clang diagnostic push") _Pragma("clang diagnostic ignored \"-Wint-conversion\"") \
	statement \
	_Pragma("clang diagnostic pop")
#define __ebpf_program(context, name, inner, call, args...) \
	name(context *ctx); \
	static __always_inline typeof(name(0)) inner(context *ctx, ##args); \
	typeof(name(0)) name(context *ctx) { __ebpf_quietly(return call;) } \
	static __always_inline typeof(name(0)) inner(context *ctx, ##args)

/* raw_tp, tp_btf, fentry, fexit, fmod_ret, lsm, iterators, struct_ops. */
#define BPF_PROG(name, args...) \
	__ebpf_program(unsigned long long, name, ____##name, ____##name(ctx __ebpf_each(__ebpf_word, ##args)), ##args)

#define BPF_KPROBE(name, args...) \
	__ebpf_program(struct pt_regs, name, ____##name, ____##name(ctx __ebpf_each(__ebpf_parm, ##args)), ##args)
#define BPF_UPROBE(name, args...) BPF_KPROBE(name, ##args)

/* With at most one parameter: what the function returns. */
#define __ebpf_result_0()
#define __ebpf_result_1(x) , (void *)PT_REGS_RC(ctx)
#define BPF_KRETPROBE(name, args...) \
	__ebpf_program(struct pt_regs, name, ____##name, ____##name(ctx __ebpf_by_count(__ebpf_result_, ##args)(args)), ##args)
#define BPF_URETPROBE(name, args...) BPF_KRETPROBE(name, ##args)

/* A kprobe or ksyscall of the function of a system call, with the parameters of the system call. */
#define BPF_KSYSCALL(name, args...) \
	name(struct pt_regs *ctx); \
	extern _Bool LINUX_HAS_SYSCALL_WRAPPER __kconfig; \
	static __always_inline typeof(name(0)) ____##name(struct pt_regs *ctx, ##args); \
	typeof(name(0)) name(struct pt_regs *ctx) \
	{ \
		struct pt_regs *__ebpf_regs = LINUX_HAS_SYSCALL_WRAPPER ? (struct pt_regs *)PT_REGS_PARM1(ctx) : ctx; \
		__ebpf_quietly( \
			if (LINUX_HAS_SYSCALL_WRAPPER) return ____##name(ctx __ebpf_each(__ebpf_far_call, ##args)); \
			else return ____##name(ctx __ebpf_each(__ebpf_call, ##args));) \
	} \
	static __always_inline typeof(name(0)) ____##name(struct pt_regs *ctx, ##args)
#define BPF_KPROBE_SYSCALL BPF_KSYSCALL

/*
 * BPF_PROG2(name, type, parameter, type, parameter, …): as BPF_PROG, also for structs by value, of which those of more than 8 bytes take two
 * words.
 */
#define __ebpf_words_of(type) (sizeof(type) > 8 ? 2 : 1)
#define __ebpf_as(type, at) \
	({ \
		union { typeof(type) value; unsigned long long words[__ebpf_words_of(type)]; } __ebpf_arg; \
		__ebpf_arg.words[0] = ctx[at]; \
		if (__ebpf_words_of(type) > 1) __ebpf_arg.words[__ebpf_words_of(type) - 1] = ctx[(at) + 1]; \
		__ebpf_arg.value; \
	})
/* How many pairs there are (12 at most). */
#define __ebpf_26th(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20, a21, a22, a23, a24, answer, ...) \
	answer
#define __ebpf_pairs(...) \
	__ebpf_26th(0, ##__VA_ARGS__, 12, 12, 11, 11, 10, 10, 9, 9, 8, 8, 7, 7, 6, 6, 5, 5, 4, 4, 3, 3, 2, 2, 1, 1, 0)
#define __ebpf_by_pairs(name, ...) __ebpf_join(name, __ebpf_pairs(__VA_ARGS__))

#define __ebpf_decl2_0()
#define __ebpf_decl2_1(t, x) , t x
#define __ebpf_decl2_2(t, x, ...) , t x __ebpf_decl2_1(__VA_ARGS__)
#define __ebpf_decl2_3(t, x, ...) , t x __ebpf_decl2_2(__VA_ARGS__)
#define __ebpf_decl2_4(t, x, ...) , t x __ebpf_decl2_3(__VA_ARGS__)
#define __ebpf_decl2_5(t, x, ...) , t x __ebpf_decl2_4(__VA_ARGS__)
#define __ebpf_decl2_6(t, x, ...) , t x __ebpf_decl2_5(__VA_ARGS__)
#define __ebpf_decl2_7(t, x, ...) , t x __ebpf_decl2_6(__VA_ARGS__)
#define __ebpf_decl2_8(t, x, ...) , t x __ebpf_decl2_7(__VA_ARGS__)
#define __ebpf_decl2_9(t, x, ...) , t x __ebpf_decl2_8(__VA_ARGS__)
#define __ebpf_decl2_10(t, x, ...) , t x __ebpf_decl2_9(__VA_ARGS__)
#define __ebpf_decl2_11(t, x, ...) , t x __ebpf_decl2_10(__VA_ARGS__)
#define __ebpf_decl2_12(t, x, ...) , t x __ebpf_decl2_11(__VA_ARGS__)
#define __ebpf_args2_0(at)
#define __ebpf_args2_1(at, t, x) , __ebpf_as(t, at)
#define __ebpf_args2_2(at, t, x, ...) , __ebpf_as(t, at) __ebpf_args2_1((at) + __ebpf_words_of(t), __VA_ARGS__)
#define __ebpf_args2_3(at, t, x, ...) , __ebpf_as(t, at) __ebpf_args2_2((at) + __ebpf_words_of(t), __VA_ARGS__)
#define __ebpf_args2_4(at, t, x, ...) , __ebpf_as(t, at) __ebpf_args2_3((at) + __ebpf_words_of(t), __VA_ARGS__)
#define __ebpf_args2_5(at, t, x, ...) , __ebpf_as(t, at) __ebpf_args2_4((at) + __ebpf_words_of(t), __VA_ARGS__)
#define __ebpf_args2_6(at, t, x, ...) , __ebpf_as(t, at) __ebpf_args2_5((at) + __ebpf_words_of(t), __VA_ARGS__)
#define __ebpf_args2_7(at, t, x, ...) , __ebpf_as(t, at) __ebpf_args2_6((at) + __ebpf_words_of(t), __VA_ARGS__)
#define __ebpf_args2_8(at, t, x, ...) , __ebpf_as(t, at) __ebpf_args2_7((at) + __ebpf_words_of(t), __VA_ARGS__)
#define __ebpf_args2_9(at, t, x, ...) , __ebpf_as(t, at) __ebpf_args2_8((at) + __ebpf_words_of(t), __VA_ARGS__)
#define __ebpf_args2_10(at, t, x, ...) , __ebpf_as(t, at) __ebpf_args2_9((at) + __ebpf_words_of(t), __VA_ARGS__)
#define __ebpf_args2_11(at, t, x, ...) , __ebpf_as(t, at) __ebpf_args2_10((at) + __ebpf_words_of(t), __VA_ARGS__)
#define __ebpf_args2_12(at, t, x, ...) , __ebpf_as(t, at) __ebpf_args2_11((at) + __ebpf_words_of(t), __VA_ARGS__)
#define BPF_PROG2(name, args...) \
	name(unsigned long long *ctx); \
	static __always_inline typeof(name(0)) ____##name(unsigned long long *ctx __ebpf_by_pairs(__ebpf_decl2_, ##args)(args)); \
	typeof(name(0)) name(unsigned long long *ctx) \
	{ \
		return ____##name(ctx __ebpf_by_pairs(__ebpf_args2_, ##args)(0, ##args)); \
	} \
	static __always_inline typeof(name(0)) ____##name(unsigned long long *ctx __ebpf_by_pairs(__ebpf_decl2_, ##args)(args))

#endif
