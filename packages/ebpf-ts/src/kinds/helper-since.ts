/**
 * The first Linux that has a helper. Their ids are given one after the other, so that each release has those from here on, up to the next
 * row's. What came after Linux 6.2 are kernel functions (kfuncs).
 */
const firsts: readonly (readonly [id: number, release: string])[] = [
  [1, "3.19"], // map_lookup_elem
  [4, "4.1"], // probe_read
  [12, "4.2"], // tail_call
  [17, "4.3"], // get_cgroup_classid
  [23, "4.4"], // redirect
  [26, "4.5"], // skb_load_bytes
  [27, "4.6"], // get_stackid
  [31, "4.8"], // skb_change_proto
  [37, "4.9"], // current_task_under_cgroup
  [42, "4.10"], // get_numa_node_id
  [45, "4.11"], // probe_read_str
  [46, "4.12"], // get_socket_cookie
  [48, "4.13"], // set_hash
  [51, "4.14"], // redirect_map
  [54, "4.15"], // xdp_adjust_meta
  [58, "4.16"], // override_return
  [60, "4.17"], // msg_redirect_map
  [65, "4.18"], // xdp_adjust_tail
  [81, "4.19"], // get_local_storage
  [84, "4.20"], // sk_lookup_tcp
  [91, "5.0"], // msg_pop_data
  [93, "5.1"], // spin_lock
  [99, "5.2"], // skc_lookup_tcp
  [109, "5.3"], // send_signal
  [111, "5.5"], // skb_output
  [116, "5.6"], // tcp_send_ack
  [119, "5.7"], // read_branch_records
  [125, "5.8"], // ktime_get_boot_ns
  [136, "5.9"], // skc_to_tcp6_sock
  [142, "5.10"], // load_hdr_opt
  [156, "5.11"], // task_storage_get
  [163, "5.12"], // check_mtu
  [164, "5.13"], // for_each_map_elem
  [166, "5.14"], // sys_bpf
  [169, "5.15"], // timer_init
  [176, "5.16"], // get_branch_snapshot
  [180, "5.17"], // find_vma
  [186, "5.18"], // get_retval
  [194, "5.19"], // kptr_xchg
  [204, "6.0"], // tcp_raw_gen_syncookie_ipv4
  [208, "6.1"], // ktime_get_tai_ns
  [210, "6.2"], // cgrp_storage_get
];
/** cgrp_storage_delete */
const last = 211;

/** By BPF_FUNC_*. It may have come later to programs of some types. */
export function helperSince(id: number): string | undefined {
  return id > last ? undefined : firsts.findLast(([first]) => id >= first)?.[1];
}
