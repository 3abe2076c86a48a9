import type { Descriptor } from "../../../sys/ffi/descriptor.ts";
import type { KernelStruct, SystemArgument } from "../../../sys/ffi/kernel-struct.ts";
import type { Sys } from "../../../sys/ffi/sys.ts";
import { BpfAttr } from "../../../uapi/structs.gen.ts";
import { Command, MapFlag } from "../../../uapi/uapi.gen.ts";

/** The same bit for each command that takes a token. */
const flag = MapFlag.TOKEN_FD;

/** A system whose maps, programs and types are made with a token (BPF_F_TOKEN_FD, Linux 6.9). What is attached is asked of the program's. */
export function withToken(sys: Sys, token: Descriptor): Sys {
  const tell = (command: number, attributes: SystemArgument): SystemArgument => {
    addToken(command, attributes, token.fd);
    return attributes;
  };
  return {
    ...sys,
    bpf: (command, attributes) => sys.bpf(command, tell(command, attributes)),
    bpfAsync: (command, attributes) => sys.bpfAsync(command, tell(command, attributes)),
  };
}

type Attributes<Name extends keyof typeof BpfAttr> = KernelStruct<(typeof BpfAttr)[Name]>;

/** The struct is the one that the command takes. It may be given to the kernel several times. */
function addToken(command: number, attributes: SystemArgument, fd: number): void {
  switch (command) {
    case Command.MAP_CREATE: {
      const map = attributes as Attributes<"map_create">;
      map.assign({ map_flags: map.number(BpfAttr.map_create.fields.map_flags) | flag, map_token_fd: fd });
      break;
    }
    case Command.PROG_LOAD: {
      const program = attributes as Attributes<"prog_load">;
      const flags = program.number(BpfAttr.prog_load.fields.prog_flags) | flag;
      program.assign({ prog_flags: flags, prog_token_fd: fd });
      break;
    }
    case Command.BTF_LOAD: {
      const types = attributes as Attributes<"btf_load">;
      const flags = types.number(BpfAttr.btf_load.fields.btf_flags) | flag;
      types.assign({ btf_flags: flags, btf_token_fd: fd });
      break;
    }
  }
}
