/** The library's own headers against those of libbpf: every committed source gives the same instructions and the same relocations. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { ownHeaders } from "../../src/compile/own-headers.ts";
import { hasCompiler } from "../support/compile.ts";
import { compilersOrSkip, orFail } from "../support/requirements.ts";

const root = fileURLToPath(new URL("../../../../../", import.meta.url));
const libbpf = "/usr/include/bpf/bpf_helpers.h";
const machine = `/usr/include/${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux-gnu`;

/** What the committed sources do not use. */
const more = `
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
char LICENSE[] SEC("license") = "GPL";
struct { __uint(type, BPF_MAP_TYPE_PROG_ARRAY); __uint(max_entries, 4); __type(key, int); __type(value, int); } table SEC(".maps");
extern int CONFIG_HZ __kconfig __weak;
SEC("fentry/do_unlinkat")
int BPF_PROG(unlinked, int dfd, struct filename *name) { bpf_printk("%d %s", dfd, BPF_CORE_READ(name, name)); return 0; }
SEC("tp_btf/sched_switch")
int BPF_PROG(switched, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	unsigned long ino = BPF_CORE_READ(task, mm, exe_file, f_inode, i_ino);
	char comm[16];
	BPF_CORE_READ_STR_INTO(&comm, task, group_leader, comm);
	bpf_printk("%d %d %d %d %lu %s", preempt, prev->pid, next->pid, 7, ino, comm);
	return BPF_CORE_READ(task, real_parent, real_parent, real_parent, pid) + (bpf_htons(80) == (ino & 0xffff)) + bpf_ntohl(ino) + CONFIG_HZ;
}
SEC("kprobe/x")
int BPF_KPROBE(entered, struct path *path, const char *name, size_t len) { return path == 0 ? len : (long)name + PT_REGS_IP(ctx); }
SEC("kretprobe/x")
int BPF_KRETPROBE(left, long ret) { return ret; }
SEC("ksyscall/kill")
int BPF_KSYSCALL(killed, pid_t pid, int sig, int third, long fourth)
{
	char out[32];
	BPF_SNPRINTF(out, sizeof(out), "%d %d %s", pid, sig, "x");
	bpf_tail_call_static(ctx, &table, 2);
	return out[1] + third + fourth;
}
SEC("iter/task")
int tasks(struct bpf_iter__task *ctx)
{
	if (ctx->task) BPF_SEQ_PRINTF(ctx->meta->seq, "%d\\n", ctx->task->tgid);
	return 0;
}
SEC("fentry/w")
int BPF_PROG(held, struct inode *inode) { return ((unsigned long)&container_of(inode, struct socket_alloc, vfs_inode)->socket) & 7; }
SEC("kprobe/v")
int twice(volatile struct pt_regs *ctx) { return PT_REGS_RC(ctx) + PT_REGS_RC(ctx) + bpf_ntohs(PT_REGS_PARM1(ctx)); }
SEC("fentry.s/z")
int BPF_PROG(asked)
{
	return bpf_core_type_exists(struct task_struct) + bpf_core_field_exists(struct task_struct, mm) +
	       bpf_core_field_size(((struct task_struct *)0)->comm) + bpf_core_field_offset(struct task_struct, comm) +
	       bpf_core_enum_value(enum bpf_map_type, BPF_MAP_TYPE_RINGBUF) + bpf_core_type_size(struct file);
}
`;

/** What libbpf-dev 1.1 does not have. */
const newer = `
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/usdt.bpf.h>
struct bpf_iter_num;
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __ulong(map_extra, 1ULL << 44); } wide SEC(".maps");
extern int missing_kfunc(void) __ksym __weak;
SEC("syscall") int loops(void *ctx)
{
	int i, sum = 0;
	bpf_for(i, 0, 100) sum += i;
	bpf_repeat(3) sum++;
	return sum + bpf_ksym_exists(missing_kfunc);
}
SEC("fentry/x") int BPF_PROG2(by_value, struct sockaddr_in, where, int, last) { return where.sin_port + last; }
SEC("fentry/y") int BPF_PROG2(of_many, __u64, a, void *, b, short, c, int, d, void *, e, struct sockaddr_in, f, int, g, char, h) { return a + h; }
SEC("usdt") int BPF_USDT(probed, int a, char *b) { return a + (long)b + bpf_usdt_arg_cnt(ctx) + bpf_usdt_cookie(ctx); }
SEC("uprobe") int BPF_UPROBE(entered, int a) { return a + PT_REGS_PARM6(ctx); }
SEC("syscall") int bits(struct task_struct *t) { BPF_CORE_WRITE_BITFIELD(t, in_execve, 1); return BPF_CORE_READ_BITFIELD(t, in_iowait); }
char LICENSE[] SEC("license") = "GPL";
`;

function compile(compiler: string, source: string, object: string, flags: readonly string[]): string {
  const always = ["-g", "-O2", "--target=bpfel", "-Wall", "-D__TARGET_ARCH_x86", "-idirafter", machine];
  return spawnSync(compiler, [...flags, ...always, "-c", source, "-o", object], { cwd: root, encoding: "utf8" }).stderr;
}

function disassembly(object: string): string {
  const text = execFileSync("llvm-objdump-19", ["-dr", "--no-show-raw-insn", object], {
    encoding: "utf8",
    maxBuffer: 2 ** 26,
  });
  // Its first lines name the file.
  return text.slice(text.indexOf("Disassembly"));
}

function flagsOf(source: string): readonly string[] {
  return /^\/\/ clang:(.*)$/m.exec(source)?.[1]!.trim().split(/\s+/) ?? ["-mcpu=v3"];
}

describe("headers", { skip: compilersOrSkip("clang-14", "clang-19", "llvm-objdump-19") }, () => {
  let folder: string;
  const ours = ["-isystem", ownHeaders()];
  const committed = execFileSync("git", ["ls-files", "*.bpf.c"], { cwd: root, encoding: "utf8" }).trim().split("\n");
  // Arguments of USDT have another layout since libbpf 1.7, which is ours as well: that source is about the older one.
  const sources = committed.filter((source) => !source.endsWith("/usdt-libbpf.bpf.c"));
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "ebpf-headers-"));
    const types = execFileSync("bpftool", ["btf", "dump", "file", "/sys/kernel/btf/vmlinux", "format", "c"], {
      maxBuffer: 2 ** 28,
    });
    writeFileSync(join(folder, "vmlinux.h"), types);
    writeFileSync(join(folder, "more.bpf.c"), more);
    writeFileSync(join(folder, "newer.bpf.c"), newer);
  });
  after(() => rmSync(folder, { recursive: true }));

  it(
    "give the same code as libbpf's",
    { skip: orFail(existsSync(libbpf) ? false : "libbpf-dev is not installed") },
    () => {
      const [theirs, mine] = [join(folder, "theirs.o"), join(folder, "mine.o")];
      const compilers = (source: string): readonly string[] =>
        source.endsWith("more.bpf.c") ? ["clang-14", "clang-19"] : ["clang-19"];
      for (const source of [...sources, join(folder, "more.bpf.c")]) {
        const flags = flagsOf(readFileSync(join(source.startsWith("/") ? "/" : root, source), "utf8"));
        for (const compiler of compilers(source)) {
          assert.equal(compile(compiler, source, theirs, flags), "", source);
          assert.equal(compile(compiler, source, mine, [...flags, ...ours]), "", source);
          assert.equal(disassembly(mine), disassembly(theirs), source);
        }
      }
      assert.ok(sources.length > 70);
    },
  );

  it("have what newer sources use, for clang 14 and later", () => {
    for (const compiler of ["clang-14", ...["clang-15", "clang-16"].filter(hasCompiler), "clang-19"]) {
      const said = compile(compiler, join(folder, "newer.bpf.c"), join(folder, "newer.o"), ["-mcpu=v3", ...ours]);
      assert.equal(said, "");
    }
  });
});
