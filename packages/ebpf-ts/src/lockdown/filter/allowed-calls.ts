/**
 * What every runtime of JavaScript needs to go on, and this library to read, write, inject and close: system calls by the kernel's names
 * (those of their tracepoints). What asks for more than a number, or by an argument for more than it should, is in `ruled-calls.ts`.
 */

/** Memory of its own. */
const memory = words(
  "brk mmap munmap mprotect mremap madvise msync mincore mlock mlock2 munlock membarrier pkey_alloc pkey_free pkey_mprotect",
  "memfd_create mbind get_mempolicy set_mempolicy mseal",
);

const threads = words(
  "exit exit_group gettid set_tid_address set_robust_list get_robust_list rseq sched_yield getcpu",
  "futex futex_waitv futex_wake futex_wait futex_requeue",
  "sched_getaffinity sched_setaffinity sched_getparam sched_setparam sched_getscheduler sched_setscheduler",
  "sched_get_priority_max sched_get_priority_min sched_getattr sched_setattr getpriority setpriority ioprio_get arch_prctl",
);

/** To whom the user may send a signal is a matter of who that is. */
const signals = words(
  "rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending rt_sigtimedwait rt_sigsuspend sigaltstack restart_syscall pause",
  "kill tkill tgkill rt_sigqueueinfo rt_tgsigqueueinfo pidfd_open pidfd_send_signal wait4 waitid signalfd signalfd4",
);

const time = words(
  "clock_gettime clock_getres clock_nanosleep nanosleep gettimeofday time times alarm getitimer setitimer",
  "timer_create timer_settime timer_gettime timer_getoverrun timer_delete timerfd_create timerfd_settime timerfd_gettime",
);

/** By descriptor. */
const openFiles = words(
  "read write readv writev pread64 pwrite64 preadv pwritev preadv2 pwritev2 lseek close close_range dup dup2 dup3 fcntl flock",
  "newfstat fstatfs fsync fdatasync sync_file_range ftruncate fallocate fadvise64 readahead getdents64 sendfile64 copy_file_range",
);

/** What says of a file that it is there, and what it is; no contents. */
const namesOfFiles = words(
  "newstat newlstat newfstatat statx access faccessat faccessat2 readlink readlinkat getcwd statfs",
);

const waiting = words(
  "poll ppoll select pselect6 epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2 eventfd eventfd2 pipe pipe2",
);

/** Of sockets that are there. */
const openSockets = words(
  "getsockname getpeername getsockopt setsockopt shutdown sendto recvfrom sendmsg recvmsg sendmmsg recvmmsg socketpair",
);

const itself = words(
  "getpid getppid getpgid getpgrp getsid getuid geteuid getgid getegid getgroups getresuid getresgid capget umask",
  "getrlimit prlimit64 getrusage sysinfo newuname getrandom seccomp",
);

export const allowedCalls: readonly string[] = [
  ...memory,
  ...threads,
  ...signals,
  ...time,
  ...openFiles,
  ...namesOfFiles,
  ...waiting,
  ...openSockets,
  ...itself,
];

/** Beside `socket`, which is allowed for some families. */
export const networkCalls: readonly string[] = words("connect bind listen accept accept4");

/** Beside those that open for reading. */
export const fileCalls: readonly string[] = words(
  "open openat openat2 creat truncate rename renameat renameat2 mkdir mkdirat rmdir link linkat unlink unlinkat symlink symlinkat",
  "chmod fchmod fchmodat fchmodat2 utime utimes futimesat utimensat chdir fchdir getdents chown fchown lchown fchownat",
  "inotify_init inotify_init1 inotify_add_watch inotify_rm_watch setxattr lsetxattr fsetxattr getxattr lgetxattr fgetxattr",
  "listxattr llistxattr flistxattr removexattr lremovexattr fremovexattr sync syncfs",
);

export const watchCalls: readonly string[] = words(
  "inotify_init inotify_init1 inotify_add_watch inotify_rm_watch chdir fchdir",
);

/** Of a thread that traces a command. */
export const tracerCalls: readonly string[] = words("process_vm_readv process_vm_writev");

function words(...lines: readonly string[]): readonly string[] {
  return lines.flatMap((line) => line.split(" "));
}
