import { HelperId, ProgType } from "./uapi.gen.ts";

/** Helpers whose prototype says `gpl_only`, as Linux 6.18 enforces it for each program type. */
const gplOnly: ReadonlySet<number> = new Set([
  HelperId.probe_read,
  HelperId.probe_read_str,
  HelperId.probe_read_user,
  HelperId.probe_read_user_str,
  HelperId.probe_read_kernel,
  HelperId.probe_read_kernel_str,
  HelperId.probe_write_user,
  HelperId.copy_from_user_task,
  HelperId.trace_printk,
  HelperId.trace_vprintk,
  HelperId.snprintf,
  HelperId.seq_printf,
  HelperId.seq_printf_btf,
  HelperId.seq_write,
  HelperId.get_current_task,
  HelperId.get_current_task_btf,
  HelperId.task_pt_regs,
  HelperId.get_func_ip,
  HelperId.get_stack,
  HelperId.get_stackid,
  HelperId.get_branch_snapshot,
  HelperId.read_branch_records,
  HelperId.override_return,
  HelperId.perf_event_output,
  HelperId.perf_event_read,
  HelperId.perf_event_read_value,
  HelperId.perf_prog_read_value,
  HelperId.skb_output,
  HelperId.xdp_output,
  HelperId.timer_init,
  HelperId.timer_set_callback,
  HelperId.timer_start,
  HelperId.timer_cancel,
  HelperId.rc_keydown,
  HelperId.rc_pointer_rel,
  HelperId.rc_repeat,
  HelperId.fib_lookup,
  HelperId.check_mtu,
  HelperId.tcp_check_syncookie,
  HelperId.tcp_gen_syncookie,
  HelperId.tcp_raw_check_syncookie_ipv4,
  HelperId.tcp_raw_check_syncookie_ipv6,
  HelperId.tcp_raw_gen_syncookie_ipv4,
  HelperId.tcp_raw_gen_syncookie_ipv6,
]);

/** Whether the kernel keeps that helper for programs with a GPL-compatible licence. */
export function isGplOnly(helper: number, programType?: number): boolean {
  if (helper === HelperId.get_stackid && programType === ProgType.PERF_EVENT) return false;
  return gplOnly.has(helper);
}

/** `include/linux/license.h`: the licence texts that count as compatible with the GPL. */
const gplCompatible: ReadonlySet<string> = new Set([
  "GPL",
  "GPL v2",
  "GPL and additional rights",
  "Dual BSD/GPL",
  "Dual MIT/GPL",
  "Dual MPL/GPL",
]);

export function isGplCompatible(license: string): boolean {
  return gplCompatible.has(license);
}
