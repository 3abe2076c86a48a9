export * as main from "ebpf-ts";
export * as btf from "ebpf-ts/btf";
export * as embedded from "ebpf-ts/embedded";
export * as insn from "ebpf-ts/insn";
export * as ring from "ebpf-ts/ring";
export * as sharedRing from "ebpf-ts/shared-ring";
export * as spec from "ebpf-ts/spec";
export * as workers from "ebpf-ts/workers";
