import type { Btf } from "../btf/types.ts";
import * as uapi from "../uapi/uapi.gen.ts";

/** Enums of linux/bpf.h that programs use, by the prefix that their values have there. */
const enums = [
  { name: "bpf_map_type", prefix: "BPF_MAP_TYPE_", values: uapi.MapType },
  { name: "bpf_prog_type", prefix: "BPF_PROG_TYPE_", values: uapi.ProgType },
  { name: "bpf_attach_type", prefix: "BPF_", values: uapi.AttachType },
  { name: "", prefix: "BPF_F_", values: uapi.MapFlag },
  { name: "", prefix: "BPF_", values: uapi.UpdateFlag },
  { name: "", prefix: "BPF_RB_", values: uapi.RingBufFlag },
  { name: "", prefix: "BPF_RB_", values: uapi.RingBufQuery },
] as const;

const integers = `typedef signed char __s8;
typedef unsigned char __u8;
typedef short __s16;
typedef unsigned short __u16;
typedef int __s32;
typedef unsigned int __u32;
typedef long long __s64;
typedef unsigned long long __u64;
typedef __s8 s8;
typedef __u8 u8;
typedef __s16 s16;
typedef __u16 u16;
typedef __s32 s32;
typedef __u32 u32;
typedef __s64 s64;
typedef __u64 u64;
typedef __u16 __le16, __be16;
typedef __u32 __le32, __be32;
typedef __u64 __le64, __be64;
typedef __u16 __sum16;
typedef __u32 __wsum;
typedef _Bool bool;
typedef int pid_t;
typedef unsigned long size_t;
enum { false, true };
enum { BPF_F_INDEX_MASK = 0xffffffff, BPF_F_CURRENT_CPU = 0xffffffff, BPF_F_USER_STACK = 256 };
`;

/** What a kernel's types have and the embedded engine's have not: integers, and the numbers of linux/bpf.h. */
export function engineHeader(engine: Btf): string {
  const missing = enums.filter(({ name }) => engine.find(name).length === 0);
  const texts = missing.map(({ name, prefix, values }) => {
    const lines = Object.entries(values).map(([value, number]) => `\t${nameOf(prefix, value)} = ${number},\n`);
    return `enum ${name === "" ? "" : `${name} `}{\n${lines.join("")}};\n`;
  });
  return `${integers}\n${texts.join("\n")}\n`;
}

/** BPF_F_LOCK stands among the flags of an update, with a name of its own kind. */
function nameOf(prefix: string, value: string): string {
  return prefix === "BPF_" && value === "LOCK" ? "BPF_F_LOCK" : prefix + value;
}
