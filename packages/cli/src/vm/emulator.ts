import { findExecutable } from "./executables.ts";

const emulator = "qemu-system-x86_64";

export function findEmulator(): string {
  const file = findExecutable(emulator);
  if (file !== undefined) return file;
  throw new Error(
    `Cannot start a virtual machine: there is no ${emulator} in PATH, install QEMU (on Debian, \`apt-get install qemu-system-x86\`)`,
  );
}
