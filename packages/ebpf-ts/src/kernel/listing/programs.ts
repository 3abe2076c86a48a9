import { integer } from "../../base/checks.ts";
import { objectInfo, tagText } from "../../engine/kernel/object-info.ts";
import type { Descriptor } from "../../sys/ffi/descriptor.ts";
import { linuxSys } from "../../sys/ffi/linux.ts";
import type { Sys } from "../../sys/ffi/sys.ts";
import type { ValuesOf } from "../../uapi/layout.ts";
import { BpfFuncInfo, BpfProgInfo } from "../../uapi/structs.gen.ts";
import { programTypeName } from "../../uapi/type-names.ts";
import { bootTime } from "./boot-time.ts";
import { programTypes } from "./btfs.ts";
import { allOf, readOne } from "./family.ts";
import { descriptorFacts } from "./descriptor-facts.ts";

/** A program that is loaded in the kernel (`struct bpf_prog_info`). */
export interface LoadedProgram {
  readonly id: number;
  /** BPF_PROG_TYPE_* */
  readonly type: number;
  /** `sched_cls` for BPF_PROG_TYPE_SCHED_CLS. */
  readonly typeName: string;
  /** All of it where the program has types, else its first 15 bytes. */
  readonly name: string;
  /** First 8 bytes of the digest of the code, in hexadecimal. */
  readonly tag: string;
  readonly gplCompatible: boolean;
  /** To about 10 ms. */
  readonly loadedAt: Date;
  /** Of the user who loaded it. */
  readonly uid: number;
  /** Bytes of the code that the verifier left; 0 where the kernel does not show it. */
  readonly translatedSize: number;
  /** Bytes of machine code; 0 where it is interpreted, or not shown. */
  readonly jitedSize: number;
  /** Bytes of memory that it takes, without its maps. */
  readonly memory: number;
  /** Ids of the maps that it uses. */
  readonly maps: readonly number[];
  /** Id of its types; 0 for none. */
  readonly btf: number;
  /** Id of the types of what it attaches to, and which of them (Linux 5.17); 0 for none. */
  readonly attachBtf: number;
  readonly attachType: number;
  /** Counted while somebody wants it: {@link countRuns}. */
  readonly runTimeNs: bigint;
  readonly runCount: bigint;
  /** Runs that were left out, since it was running already (Linux 5.12). */
  readonly recursionMisses: bigint;
  /** Instructions that the verifier looked at (Linux 5.16). */
  readonly verifiedInstructions: number;
}

/** Programs that are loaded, in the order of their ids (BPF_PROG_GET_NEXT_ID, Linux 4.13). NO_PRIVILEGE without CAP_SYS_ADMIN. */
export function programs(): Iterable<LoadedProgram> {
  return programsOf(linuxSys());
}

/** One of them; undefined where there is none of that id. */
export function findProgram(id: number): LoadedProgram | undefined {
  integer(0, 0xffff_ffff)(id, "The id of findProgram()");
  const sys = linuxSys();
  return readOne(sys, "program", id, (descriptor) => readProgram(sys, descriptor));
}

/** @internal */
export function programsOf(sys: Sys): Iterable<LoadedProgram> {
  return allOf(sys, "program", (descriptor) => readProgram(sys, descriptor));
}

type Info = ValuesOf<(typeof BpfProgInfo)["fields"]>;

function readProgram(sys: Sys, descriptor: Descriptor): LoadedProgram {
  const info = objectInfo(sys, descriptor, BpfProgInfo, "a program's properties");
  return {
    id: info.id,
    type: info.type,
    typeName: programTypeName(info.type),
    name: fullName(sys, descriptor, info),
    tag: tagText(info.tag),
    gplCompatible: info.gpl_compatible === 1,
    loadedAt: new Date(bootTime() + Number(info.load_time / 1_000_000n)),
    uid: info.created_by_uid,
    translatedSize: info.xlated_prog_len,
    jitedSize: info.jited_prog_len,
    memory: descriptorFacts(descriptor).memory,
    maps: mapIds(sys, descriptor, info.nr_map_ids),
    btf: info.btf_id,
    attachBtf: info.attach_btf_obj_id,
    attachType: info.attach_btf_id,
    runTimeNs: info.run_time_ns,
    runCount: info.run_cnt,
    recursionMisses: info.recursion_misses,
    verifiedInstructions: info.verified_insns,
  };
}

function mapIds(sys: Sys, descriptor: Descriptor, count: number): readonly number[] {
  if (count === 0) return [];
  const ids = new Uint32Array(count);
  const { nr_map_ids } = objectInfo(sys, descriptor, BpfProgInfo, "a program's maps", {
    nr_map_ids: count,
    map_ids: ids,
  });
  return [...ids.subarray(0, nr_map_ids)];
}

/** The longest name that the kernel keeps (BPF_OBJ_NAME_LEN without the NUL). */
const longestName = 15;

/** What is as long as that may have been longer: the types say the name of the function. */
function fullName(sys: Sys, descriptor: Descriptor, { name, btf_id, nr_func_info }: Info): string {
  if (name.length < longestName || btf_id === 0 || nr_func_info === 0) return name;
  const size = BpfFuncInfo.size;
  const bytes = new Uint8Array(size);
  const given = { nr_func_info: 1, func_info_rec_size: size, func_info: bytes };
  objectInfo(sys, descriptor, BpfProgInfo, "a program's functions", given);
  const id = new DataView(bytes.buffer).getUint32(BpfFuncInfo.fields.type_id.at, true);
  const types = programTypes(sys, btf_id);
  if (types === undefined || id >= types.length) return name;
  const type = types.type(id);
  return type.kind === "func" && type.name.startsWith(name) ? type.name : name;
}
