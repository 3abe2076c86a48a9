/** The files of a new project, by their paths. What stands in them is what docs/getting-started.md has the reader write. */
export function projectFiles(name: string, version: string): Readonly<Record<string, string>> {
  return {
    "package.json": packageJson(name, version),
    "tsconfig.json": tsconfig,
    ".gitignore": "node_modules/\nbuild/\n",
    "src/opens.bpf.c": program,
    "src/main.ts": main,
    "src/main.test.ts": test,
  };
}

function packageJson(name: string, version: string): string {
  const manifest = {
    name,
    version: "0.0.0",
    private: true,
    type: "module",
    scripts: {
      types:
        "ebpf build src/opens.bpf.c --output build/opens.bpf.o && ebpf gen build/opens.bpf.o --output src/opens.bpf.ts",
      build: "npm run --silent types && tsc",
      start: "npm run --silent build && node build/main.js",
      test: "npm run --silent build && node --test build/",
    },
    dependencies: { "ebpf-ts": version },
    devDependencies: { "@types/node": "^20.19.0", "ebpf-ts-cli": version, typescript: ">=5.2" },
  };
  return `${JSON.stringify(manifest, undefined, 2)}\n`;
}

const tsconfig = `{
  "compilerOptions": {
    "rootDir": "src",
    "outDir": "build",
    "target": "ES2022",
    "lib": ["ES2023", "ESNext.Disposable"],
    "module": "NodeNext",
    "types": ["node"],
    "strict": true,
    "skipLibCheck": true
  },
  "include": ["src"]
}
`;

const program = `#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

struct event {
  int pid;
  char comm[16];
  char path[64];
};

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 256 * 1024);
} events SEC(".maps");
const struct event *events__record; // what a record of the ring is

SEC("tracepoint/syscalls/sys_enter_openat")
int on_open(struct trace_event_raw_sys_enter *call) {
  struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
  if (!event) return 0; // the ring is full
  event->pid = bpf_get_current_pid_tgid() >> 32;
  bpf_get_current_comm(event->comm, sizeof(event->comm));
  bpf_probe_read_user_str(event->path, sizeof(event->path), (void *)call->args[1]);
  bpf_ringbuf_submit(event, 0);
  return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
`;

/** `opens.bpf.ts` is what `ebpf gen` writes: its types are those of the object. */
const main = `import { load } from "./opens.bpf.js";

const [file = "cat", ...args] = process.argv.slice(2);

await using bpf = await load({ scope: "command" });
await bpf.attach();
const command = await bpf.spawn(file, args.length > 0 ? args : ["/etc/hostname"]);
for await (const event of bpf.rings.events.events({ until: command.exited })) {
  console.log(\`\${event.comm} \${event.pid} opens \${event.path}\`);
}
`;

const test = `import assert from "node:assert/strict";
import { it } from "node:test";
import { load } from "./opens.bpf.js";

it("sees which files a command opens", async () => {
  await using bpf = await load({ engine: "embedded" });
  await bpf.attach();
  const command = await bpf.spawn("cat", ["/etc/hostname"], { stdout: "ignore" });
  const paths: string[] = [];
  for await (const event of bpf.rings.events.events({ until: command.exited })) paths.push(event.path);
  assert.ok(paths.includes("/etc/hostname"));
});
`;
