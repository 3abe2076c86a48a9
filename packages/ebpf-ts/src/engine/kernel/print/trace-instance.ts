import { EbpfError, NotSupportedError } from "../../../base/errors.ts";
import { refusal } from "../../../host/refusal.ts";
import { isThere, namesIn, readSystemFile } from "../../../host/system-files.ts";
import { pid as ownPid } from "../../../host/this-process.ts";
import { type GrowingFile, makeFolder, openGrowing, removeFolder, writeSetting } from "../../../host/trace-files.ts";
import { noTracefs, traceFolder } from "../attach/trace-folder.ts";
import { type EventFormat, parseFormat } from "./event-format.ts";

const action = "read what programs print";
/** Of each CPU. */
const bufferKilobytes = 256;
const nameStart = "ebpf-ts-";
let made = 0;

/**
 * A trace buffer of its own (an instance of tracefs), to which the kernel writes what all programs print, and the stack of whoever
 * printed: since Linux 5.9, where bpf_trace_printk became an event.
 */
export class TraceInstance {
  readonly #folder: string;
  readonly #path: string;
  readonly #files: GrowingFile[] = [];
  #open = true;

  constructor() {
    this.#folder = traceFolder() ?? raise(noTracefs(action));
    if (!isThere(`${this.#folder}/events/bpf_trace/bpf_trace_printk`)) {
      throw new NotSupportedError(
        "printk",
        `Cannot ${action}: this kernel keeps their lines in one buffer for all (Linux 5.9 has an event for them); read ${this.#folder}/trace_pipe`,
      );
    }
    removeAbandoned(this.#folder);
    made += 1;
    this.#path = `${this.#folder}/instances/${nameStart}${ownPid}-${made}`;
    this.#during(() => {
      makeFolder(this.#path);
      this.#set("buffer_size_kb", bufferKilobytes);
      // What bpf_ktime_get_ns reads.
      this.#set("trace_clock", "mono");
      this.#set("options/stacktrace", 1);
      this.#set("events/bpf_trace/bpf_trace_printk/enable", 1);
    });
  }

  formatOf(event: string): EventFormat {
    return this.#during(() => parseFormat(readSystemFile(`${this.#folder}/events/${event}/format`)));
  }

  /** Bytes of a page of the buffer. */
  get pageSize(): number {
    const { fields } = this.#during(() => parseFormat(readSystemFile(`${this.#folder}/events/header_page`)));
    const data = fields.get("data");
    return data === undefined ? 4096 : data.at + data.size;
  }

  /** The buffers of all CPUs, by number. */
  openBuffers(): ReadonlyMap<number, GrowingFile> {
    return this.#during(() => {
      const cpus = namesIn(`${this.#path}/per_cpu`).map((name) => Number(name.slice("cpu".length)));
      return new Map(
        cpus.map((cpu) => {
          const file = openGrowing(`${this.#path}/per_cpu/cpu${cpu}/trace_pipe_raw`);
          this.#files.push(file);
          return [cpu, file];
        }),
      );
    });
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    for (const file of this.#files) file.close();
    removeFolder(this.#path);
  }

  #set(name: string, value: string | number): void {
    writeSetting(`${this.#path}/${name}`, `${value}`);
  }

  #during<T>(work: () => T): T {
    try {
      return work();
    } catch (cause) {
      this.close();
      throw refusal(cause, action, (code) =>
        code === "EACCES" || code === "EPERM"
          ? new EbpfError("NO_PRIVILEGE", `Cannot ${action}: this user may not use ${this.#folder}, run as root`, {
              cause,
            })
          : new EbpfError("SYSCALL", `Cannot ${action}: ${this.#folder} refuses a buffer of one's own (${code})`, {
              cause,
            }),
      );
    }
  }
}

/** Those of processes that were killed. What another process still reads cannot be removed. */
function removeAbandoned(folder: string): void {
  for (const name of namesIn(`${folder}/instances`)) {
    const pid = name.startsWith(nameStart) ? Number.parseInt(name.slice(nameStart.length), 10) : Number.NaN;
    if (pid > 0 && !isThere(`/proc/${pid}`)) removeFolder(`${folder}/instances/${name}`);
  }
}

function raise(error: Error): never {
  throw error;
}
