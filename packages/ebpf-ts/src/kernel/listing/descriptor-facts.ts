import { readIfThere } from "../../host/system-files.ts";

/** What the kernel tells of an object in the file of its descriptor alone (/proc/self/fdinfo); zeros where there is no /proc. */
export interface DescriptorFacts {
  readonly memory: number;
  readonly frozen: boolean;
}

export function descriptorFacts({ fd }: { readonly fd: number }): DescriptorFacts {
  const text = readIfThere(`/proc/self/fdinfo/${fd}`) ?? "";
  return { memory: numberOf(text, "memlock"), frozen: numberOf(text, "frozen") === 1 };
}

/** `memlock:\t4096` */
export function numberOf(text: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s*(\\d+)$`, "m").exec(text)?.[1] ?? 0);
}
