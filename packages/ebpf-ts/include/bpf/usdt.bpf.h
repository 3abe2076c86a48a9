/* SPDX-License-Identifier: MIT */
/*
 * Arguments of probes that applications define themselves (USDT). Where an argument lies is known when a program is attached: whoever
 * attaches writes it into the map __bpf_usdt_specs, in the layout that libbpf gave it, and the program finds its entry by the cookie of its
 * attachment, or, on kernels without cookies (before Linux 5.15), by the address at which it was stopped.
 */
#ifndef __USDT_BPF_H__
#define __USDT_BPF_H__

#include "bpf_helpers.h"
#include "bpf_tracing.h"

#ifndef BPF_USDT_MAX_SPEC_CNT
#define BPF_USDT_MAX_SPEC_CNT 256
#endif
#ifndef BPF_USDT_MAX_IP_CNT
#define BPF_USDT_MAX_IP_CNT (4 * BPF_USDT_MAX_SPEC_CNT)
#endif
#define BPF_USDT_MAX_ARG_CNT 12

/* A constant; what is in a register; what a register points at; what a register and a scaled index point at. */
enum __bpf_usdt_arg_type {
	BPF_USDT_ARG_CONST = 0,
	BPF_USDT_ARG_REG = 1,
	BPF_USDT_ARG_REG_DEREF = 2,
	BPF_USDT_ARG_SIB = 3,
};

/*
 * 24 bytes, as libbpf 1.7 and later write them: no bitfield crosses its own unit, so that the index begins two bytes behind the type. Before,
 * they were 16, without an index, and with reg_off at byte 12: who writes them goes by the types of the map.
 */
struct __bpf_usdt_arg_spec {
	/* The constant, or what is added to the address. */
	__u64 val_off;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	enum __bpf_usdt_arg_type arg_type : 8;
	__u16 idx_reg_off : 12;
	__u16 scale_bitshift : 4;
	__u8 __reserved : 8;
#else
	__u8 __reserved : 8;
	__u16 idx_reg_off : 12;
	__u16 scale_bitshift : 4;
	enum __bpf_usdt_arg_type arg_type : 8;
#endif
	/* Bytes from the start of struct pt_regs. */
	short reg_off;
	_Bool arg_signed;
	/* Bits of a 64-bit word that are not of the argument. */
	char arg_bitshift;
};

struct __bpf_usdt_spec {
	struct __bpf_usdt_arg_spec args[BPF_USDT_MAX_ARG_CNT];
	__u64 usdt_cookie;
	short arg_cnt;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, BPF_USDT_MAX_SPEC_CNT);
	__type(key, int);
	__type(value, struct __bpf_usdt_spec);
} __bpf_usdt_specs SEC(".maps") __weak;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, BPF_USDT_MAX_IP_CNT);
	__type(key, long);
	__type(value, __u32);
} __bpf_usdt_ip_to_spec_id SEC(".maps") __weak;

extern const _Bool LINUX_HAS_BPF_COOKIE __kconfig;

/* Numbers of errno.h, which does not go together with vmlinux.h. */
enum { __EBPF_ENOENT = 2, __EBPF_ESRCH = 3, __EBPF_EINVAL = 22 };

/* Where the entry of this attachment is; negative when nobody has said. */
static __always_inline int __ebpf_usdt_number(struct pt_regs *ctx)
{
	if (!LINUX_HAS_BPF_COOKIE) {
		long address = PT_REGS_IP(ctx);
		const int *found = bpf_map_lookup_elem(&__bpf_usdt_ip_to_spec_id, &address);

		return found ? *found : -__EBPF_ESRCH;
	}
	return bpf_get_attach_cookie(ctx);
}

/* How many arguments the probe has; -ESRCH when nobody has said. */
__weak __hidden int bpf_usdt_arg_cnt(struct pt_regs *ctx)
{
	struct __bpf_usdt_spec *spec;
	int number;

	number = __ebpf_usdt_number(ctx);
	if (number < 0)
		return -__EBPF_ESRCH;
	spec = bpf_map_lookup_elem(&__bpf_usdt_specs, &number);
	if (!spec)
		return -__EBPF_ESRCH;
	return spec->arg_cnt;
}

static __always_inline int __ebpf_usdt_register(struct pt_regs *ctx, int offset, unsigned long *value)
{
	return bpf_probe_read_kernel(value, sizeof(*value), (void *)ctx + offset);
}

/* Whole words are read, of which the argument may be a part: the last one in memory on big-endian machines. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define __ebpf_usdt_part(value, arg) (value)
#else
#define __ebpf_usdt_part(value, arg) ((value) >> (arg)->arg_bitshift)
#endif

/* The argument of that number, from 0 on, into `res`: 0, or a negative error (-ENOENT when there are not so many). */
__weak __hidden int bpf_usdt_arg(struct pt_regs *ctx, __u64 arg_num, long *res)
{
	struct __bpf_usdt_spec *spec;
	struct __bpf_usdt_arg_spec *arg;
	unsigned long value, index, address;
	int error, number;

	*res = 0;
	number = __ebpf_usdt_number(ctx);
	if (number < 0)
		return -__EBPF_ESRCH;
	spec = bpf_map_lookup_elem(&__bpf_usdt_specs, &number);
	if (!spec)
		return -__EBPF_ESRCH;
	if (arg_num >= BPF_USDT_MAX_ARG_CNT)
		return -__EBPF_ENOENT;
	/* The compiler would look at the second bound alone, and the verifier at the first. */
	barrier_var(arg_num);
	if (arg_num >= spec->arg_cnt)
		return -__EBPF_ENOENT;

	arg = &spec->args[arg_num];
	switch (arg->arg_type) {
	case BPF_USDT_ARG_CONST:
		value = arg->val_off;
		break;
	case BPF_USDT_ARG_REG:
		error = __ebpf_usdt_register(ctx, arg->reg_off, &value);
		if (error)
			return error;
		break;
	case BPF_USDT_ARG_REG_DEREF:
		error = __ebpf_usdt_register(ctx, arg->reg_off, &value);
		if (error)
			return error;
		error = bpf_probe_read_user(&value, sizeof(value), (const void *)value + arg->val_off);
		if (error)
			return error;
		value = __ebpf_usdt_part(value, arg);
		break;
	case BPF_USDT_ARG_SIB:
		error = __ebpf_usdt_register(ctx, arg->reg_off, &value);
		if (error)
			return error;
		error = __ebpf_usdt_register(ctx, arg->idx_reg_off, &index);
		if (error)
			return error;
		address = value + (index << arg->scale_bitshift) + arg->val_off;
		error = bpf_probe_read_user(&value, sizeof(value), (const void *)address);
		if (error)
			return error;
		value = __ebpf_usdt_part(value, arg);
		break;
	default:
		return -__EBPF_EINVAL;
	}

	/* Shorter ones lose what else was in the register or beside them, and get their sign. */
	value <<= arg->arg_bitshift;
	if (arg->arg_signed)
		value = (long)value >> arg->arg_bitshift;
	else
		value >>= arg->arg_bitshift;
	*res = value;
	return 0;
}

/* What was given with the attachment; 0 when nothing was. */
__weak __hidden long bpf_usdt_cookie(struct pt_regs *ctx)
{
	struct __bpf_usdt_spec *spec;
	int number;

	number = __ebpf_usdt_number(ctx);
	if (number < 0)
		return 0;
	spec = bpf_map_lookup_elem(&__bpf_usdt_specs, &number);
	if (!spec)
		return 0;
	return spec->usdt_cookie;
}

#define __ebpf_usdt_value(ctx, number) ({ long __ebpf_arg; bpf_usdt_arg(ctx, number, &__ebpf_arg); __ebpf_arg; })

/* A program with the probe's arguments as typed parameters. */
#define BPF_USDT(name, args...) \
	__ebpf_program(struct pt_regs, name, ____##name, ____##name(ctx __ebpf_each(__ebpf_usdt_value, ##args)), ##args)

#endif
