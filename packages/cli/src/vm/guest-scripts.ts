import { quoted } from "../output/text.ts";

/** Own files of a guest; all else is where the host has it. */
export const own = {
  folder: "/.vm",
  busybox: "/.vm/busybox",
  init: "/.vm/init",
  command: "/.vm/command",
  bin: "/.vm/bin",
} as const;

/** Seconds between two signs of life, either way, and how long the guest waits for one before it powers off. */
export const sign = { every: 5, patience: 120 } as const;

/**
 * What runs first in a guest, as root, in busybox's shell. Serial ports are what every kernel has: ttyS0 is the console, ttyS1 the command's
 * output, ttyS2 its errors. On ttyS3 the guest says `ready`, `alive`, `fault …` and `exit N`, a line each, and hears `alive` and names of
 * signals.
 *
 * The command has a session of its own: a signal goes to all of it, and what it leaves behind is killed, so that its output has an end. A
 * port that is closed has sent everything.
 */
export function initScript(modules: readonly string[]): string {
  return `#!${own.busybox} sh
PATH=${own.bin}
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/shm /dev/pts /run
mount -t tmpfs tmpfs /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /run
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t bpf bpf /sys/fs/bpf
mount -t debugfs debugfs /sys/kernel/debug
mount -t tracefs tracefs /sys/kernel/tracing
ln -s /proc/self/fd /dev/fd
ln -s /proc/self/fd/0 /dev/stdin
ln -s /proc/self/fd/1 /dev/stdout
ln -s /proc/self/fd/2 /dev/stderr
hostname guest
ip link set lo up
for port in 1 2 3; do stty raw -echo -F /dev/ttyS$port; done
exec 5<>/dev/ttyS3
echo ready >&5
for module in ${modules.map(quoted).join(" ")}; do
  modprobe "$module" 2>/run/fault || echo "fault $(head -n 1 /run/fault)" >&5
done
mkfifo /run/output /run/errors
cat /run/output >/dev/ttyS1 & output=$!
cat /run/errors >/dev/ttyS2 & errors=$!
while sleep ${sign.every}; do echo alive; done >&5 &
{
  while read -t ${sign.patience} -r word; do
    [ "$word" = alive ] || kill -s "$word" -- "-$(cat /run/session)"
  done
  poweroff -f
} <&5 &
setsid sh -c 'echo $$ >/run/session; exec sh ${own.command}' >/run/output 2>/run/errors </dev/null 5>&-
code=$?
kill -s KILL -- "-$(cat /run/session)"
for stat in /proc/[0-9]*/stat; do
  read -r line <"$stat" || continue
  set -- \${line##*) }
  [ "$4" = 0 ] || kill -s KILL "\${line%% *}"
done
wait $output $errors
echo "exit $code" >&5
sleep 60
poweroff -f
`;
}

const name = /^[A-Za-z_]\w*$/;

/** The command, with the environment and in the folder that it would have on the host. */
export function commandScript(
  command: readonly string[],
  folder: string,
  env: Readonly<Record<string, string>>,
): string {
  const exported = Object.entries(env).filter(([key]) => name.test(key));
  return [
    ...exported.map(([key, value]) => `export ${key}=${quoted(value)}`),
    `cd ${quoted(folder)}`,
    `exec ${command.map(quoted).join(" ")}`,
    "",
  ].join("\n");
}
