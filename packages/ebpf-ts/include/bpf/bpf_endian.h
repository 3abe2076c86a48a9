/* SPDX-License-Identifier: MIT */
/* Between the byte order of networks, which is big endian, and the processor's. Constants stay constants. */
#ifndef __BPF_ENDIAN__
#define __BPF_ENDIAN__

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define __ebpf_big16(x) __builtin_bswap16(x)
#define __ebpf_big32(x) __builtin_bswap32(x)
#define __ebpf_big64(x) __builtin_bswap64(x)
#else
#define __ebpf_big16(x) (x)
#define __ebpf_big32(x) (x)
#define __ebpf_big64(x) (x)
#endif

#define bpf_htons(x) __ebpf_big16(x)
#define bpf_ntohs(x) __ebpf_big16(x)
#define bpf_htonl(x) __ebpf_big32(x)
#define bpf_ntohl(x) __ebpf_big32(x)
#define bpf_cpu_to_be64(x) __ebpf_big64(x)
#define bpf_be64_to_cpu(x) __ebpf_big64(x)

/* Names for the same that sources use. */
#define __bpf_htons bpf_htons
#define __bpf_ntohs bpf_ntohs
#define __bpf_htonl bpf_htonl
#define __bpf_ntohl bpf_ntohl
#define __bpf_cpu_to_be64 bpf_cpu_to_be64
#define __bpf_be64_to_cpu bpf_be64_to_cpu
#define __bpf_constant_htons bpf_htons
#define __bpf_constant_ntohs bpf_ntohs
#define __bpf_constant_htonl bpf_htonl
#define __bpf_constant_ntohl bpf_ntohl
#define __bpf_constant_cpu_to_be64 bpf_cpu_to_be64
#define __bpf_constant_be64_to_cpu bpf_be64_to_cpu

#endif
