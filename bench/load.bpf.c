// SPDX-License-Identifier: (MIT OR GPL-2.0-only)
// A hundred CO-RE relocations: what loading takes. Its programs fire when a task changes its name.
#include <linux/bpf.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual MIT/GPL";

typedef unsigned long long u64;

struct task_struct {
	int pid, tgid, prio, static_prio, normal_prio, exit_state, exit_code, exit_signal, on_rq, wake_cpu;
	unsigned int rt_priority, personality, flags, policy;
	unsigned long jobctl, nvcsw, nivcsw, min_flt, maj_flt;
	u64 utime, stime, gtime, start_time, start_boottime;
	void *mm;
} __attribute__((preserve_access_index));

u64 sum;

#define ADD(field) sum += (u64)BPF_CORE_READ(task, field);

#define PROGRAM(name)                                                                                                  \
	SEC("raw_tp/task_rename")                                                                                      \
	int name(void *context)                                                                                        \
	{                                                                                                              \
		struct task_struct *task = (void *)bpf_get_current_task();                                             \
                                                                                                                       \
		ADD(pid) ADD(tgid) ADD(prio) ADD(static_prio) ADD(normal_prio) ADD(exit_state) ADD(exit_code)          \
		ADD(exit_signal) ADD(on_rq) ADD(wake_cpu) ADD(rt_priority) ADD(personality) ADD(flags) ADD(policy)     \
		ADD(jobctl) ADD(nvcsw) ADD(nivcsw) ADD(min_flt) ADD(maj_flt) ADD(utime) ADD(stime) ADD(gtime)          \
		ADD(start_time) ADD(start_boottime) ADD(mm)                                                            \
		return 0;                                                                                              \
	}

PROGRAM(first)
PROGRAM(second)
PROGRAM(third)
PROGRAM(fourth)
