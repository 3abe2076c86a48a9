import { readIfThere } from "../host/system-files.ts";
import { platform } from "../host/this-process.ts";

interface PackageManager {
  /** `ID` or `ID_LIKE` of os-release(5). */
  readonly systems: readonly string[];
  readonly command: string;
}

const managers: readonly PackageManager[] = [
  { systems: ["debian", "ubuntu"], command: "apt-get install" },
  { systems: ["fedora", "rhel", "centos"], command: "dnf install" },
  { systems: ["suse", "opensuse"], command: "zypper install" },
  { systems: ["arch"], command: "pacman -S" },
  { systems: ["alpine"], command: "apk add" },
];

/** How a clang that knows BPF is installed here, as a command; all the usual ones where the system is not known. */
export function howToInstallClang(
  osRelease: string = readIfThere("/etc/os-release") ?? "",
  on: string = platform,
): string {
  if (on === "darwin") return "brew install llvm";
  const ids = [...osRelease.matchAll(/^ID(?:_LIKE)?="?([^"\n]*)"?$/gm)].flatMap(([, words]) => words!.split(" "));
  const found = managers.find(({ systems }) => systems.some((system) => ids.includes(system)));
  if (found !== undefined) return `${found.command} clang`;
  return "apt-get install clang, dnf install clang, or brew install llvm";
}
