/* SPDX-License-Identifier: MIT */
/* Between the byte order of networks, which is big endian, and the processor's. Constants stay constants. */
#ifndef __BPF_ENDIAN__
#define __BPF_ENDIAN__

/* Bytes in the other order, for constants: the byte at bit `from` goes to bit `to`. */
#define __ebpf_move_byte(type, x, from, to) ((type)((type)(x) >> (from) & 0xff) << (to))
#define ___bpf_swab16(x) ((__u16)(__ebpf_move_byte(__u16, x, 0, 8) | __ebpf_move_byte(__u16, x, 8, 0)))
#define ___bpf_swab32(x) \
	(__ebpf_move_byte(__u32, x, 0, 24) | __ebpf_move_byte(__u32, x, 8, 16) | \
	 __ebpf_move_byte(__u32, x, 16, 8) | __ebpf_move_byte(__u32, x, 24, 0))
#define ___bpf_swab64(x) \
	(__ebpf_move_byte(__u64, x, 0, 56) | __ebpf_move_byte(__u64, x, 8, 48) | \
	 __ebpf_move_byte(__u64, x, 16, 40) | __ebpf_move_byte(__u64, x, 24, 32) | \
	 __ebpf_move_byte(__u64, x, 32, 24) | __ebpf_move_byte(__u64, x, 40, 16) | \
	 __ebpf_move_byte(__u64, x, 48, 8) | __ebpf_move_byte(__u64, x, 56, 0))

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define __bpf_constant_htons ___bpf_swab16
#define __bpf_constant_htonl ___bpf_swab32
#define __bpf_constant_cpu_to_be64 ___bpf_swab64
#define __bpf_htons(x) __builtin_bswap16(x)
#define __bpf_htonl(x) __builtin_bswap32(x)
#define __bpf_cpu_to_be64(x) __builtin_bswap64(x)
#else
#define __bpf_constant_htons(x) (x)
#define __bpf_constant_htonl(x) (x)
#define __bpf_constant_cpu_to_be64(x) (x)
#define __bpf_htons(x) (x)
#define __bpf_htonl(x) (x)
#define __bpf_cpu_to_be64(x) (x)
#endif

#define bpf_htons(x) (__builtin_constant_p(x) ? __bpf_constant_htons(x) : __bpf_htons(x))
#define bpf_htonl(x) (__builtin_constant_p(x) ? __bpf_constant_htonl(x) : __bpf_htonl(x))
#define bpf_cpu_to_be64(x) (__builtin_constant_p(x) ? __bpf_constant_cpu_to_be64(x) : __bpf_cpu_to_be64(x))

/* The way back is the same. */
#define bpf_ntohs bpf_htons
#define bpf_ntohl bpf_htonl
#define bpf_be64_to_cpu bpf_cpu_to_be64
#define __bpf_ntohs __bpf_htons
#define __bpf_ntohl __bpf_htonl
#define __bpf_be64_to_cpu __bpf_cpu_to_be64
#define __bpf_constant_ntohs __bpf_constant_htons
#define __bpf_constant_ntohl __bpf_constant_htonl
#define __bpf_constant_be64_to_cpu __bpf_constant_cpu_to_be64

#endif
