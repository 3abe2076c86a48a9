import type { HeldCommand } from "../engine/command.ts";
import type { Engine } from "../engine/engine.ts";
import type { EngineName } from "../engine/engine-name.ts";
import type { EventSource } from "../engine/embedded/sources/event-source.ts";
import type { ObjectOptions } from "../load-object.ts";

/** How an object is loaded on this host. */
export interface LoadOptions extends ObjectOptions {
  /** `auto` (the default) is the kernel where this process may use it, else the embedded engine. */
  readonly engine?: "auto" | EngineName | Engine | undefined;
  /** Folder in a bpf file system for the maps that the object wants pinned by name (kernel engine); by default /sys/fs/bpf. */
  readonly pinRoot?: string | undefined;
  /**
   * Folder where a bpf file system is mounted that delegates to this process's user namespace (BPF token, kernel engine, Linux 6.9): what is loaded
   * takes no capability outside of it. By default what LIBBPF_BPF_TOKEN_PATH says, else /sys/fs/bpf if that delegates; empty for none.
   * Throws NOT_FOUND where nothing is delegated, NOT_SUPPORTED outside of user namespaces.
   */
  readonly token?: string | undefined;
  /**
   * File of the types that CO-RE finds fields in, rather than in those of the running kernel and its modules (BTF, kernel engine): for kernels without
   * /sys/kernel/btf/vmlinux. What is attached by types, such as `fentry`, takes the kernel's own all the same. The file is read on any engine,
   * and whether or not the object has such fields. Throws NOT_FOUND where there is none that can be read, BAD_BTF for one that is no BTF.
   */
  readonly btf?: string | undefined;
  /** One of {@link holdCommand}, for `Collection.start`: events are its own then, unless `scope` says otherwise. */
  readonly command?: HeldCommand | undefined;
  /** Further sources of events. With them, `auto` is the embedded engine: no other has them. */
  readonly sources?: readonly EventSource[] | undefined;
}
