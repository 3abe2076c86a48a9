// SPDX-License-Identifier: (MIT OR GPL-2.0-only)
// Structs that scripts/generate-structs.ts takes from here: what the types of an x86-64 kernel do not have.
typedef unsigned int u32;
typedef unsigned long long u64;

/* include/uapi/linux/eventpoll.h: packed on x86-64 only. */
struct epoll_event___arm64 {
	u32 events;
	u64 data;
};

/* arch/arm64/include/uapi/asm/ptrace.h: NT_PRSTATUS. */
struct user_pt_regs {
	u64 regs[31];
	u64 sp;
	u64 pc;
	u64 pstate;
};

/* arch/arm64/include/asm/ptrace.h, up to the number of the system call. Before Linux 6.12 there is a __u32 in the gap. */
struct pt_regs___arm64 {
	struct user_pt_regs user_regs;
	u64 orig_x0;
	int syscallno;
};

struct epoll_event___arm64 epoll_event;
struct pt_regs___arm64 pt_regs;
