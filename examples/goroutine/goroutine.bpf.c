// SPDX-License-Identifier: (MIT OR GPL-2.0-only)
// Tells of every change of a goroutine's state, by a probe at the entry of runtime.casgstatus (x86-64).
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual MIT/GPL";

/* The constants _Gidle, _Grunnable, … of the Go runtime. */
enum goroutine_state {
	IDLE = 0,
	RUNNABLE = 1,
	RUNNING = 2,
	SYSCALL = 3,
	WAITING = 4,
	MORIBUND_UNUSED = 5,
	DEAD = 6,
	ENQUEUE_UNUSED = 7,
	COPYSTACK = 8,
	PREEMPTED = 9,
};

struct event {
	enum goroutine_state state;
	__u64 goid;
	__s32 pid;
	__s32 tgid;
};

/* Where the runtime's struct g has the goroutine's id; it depends on the Go version. */
const volatile __u32 goid_offset = 152;
/* The process that is watched. */
const volatile __u32 only_tgid = 0;

/* Events for which the ring had no room. */
__u64 dropped;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} rb SEC(".maps");

const struct event *rb__record __attribute__((unused));

/* casgstatus(gp *g, oldval, newval uint32): Go's register ABI has the arguments in rax, rbx, rcx (since Go 1.17). */
SEC("uprobe")
int casgstatus(struct pt_regs *regs)
{
	__u64 id = bpf_get_current_pid_tgid();
	__u64 goid = 0;
	struct event *event;

	if (id >> 32 != only_tgid)
		return 0;
	bpf_probe_read_user(&goid, sizeof(goid), (void *)regs->rax + goid_offset);
	event = bpf_ringbuf_reserve(&rb, sizeof(*event), 0);
	if (!event) {
		__sync_fetch_and_add(&dropped, 1);
		return 0;
	}
	event->state = (enum goroutine_state)regs->rcx;
	event->goid = goid;
	event->pid = (__s32)id;
	event->tgid = (__s32)(id >> 32);
	bpf_ringbuf_submit(event, 0);
	return 0;
}
