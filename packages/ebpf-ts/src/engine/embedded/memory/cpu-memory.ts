import type { MemoryPlan, Span } from "./region.ts";
import type { ProgramMemory } from "./program-memory.ts";

/** Kernel MAX_CALL_FRAMES and MAX_BPF_STACK. */
export const maxFrames = 8;
export const frameSize = 512;
/** The largest context that bpf(2) takes is 64 KiB; behind it stand the kernel objects that it points at. */
export const contextSize: number = 80 * 1024;
/** Where bpf_for_each_map_elem shows keys, one part a frame. */
export const scratchPart = 4096;

/** The parts of the memory that belong to one CPU. */
export interface CpuMemory {
  readonly index: number;
  readonly stack: Span;
  readonly context: Span;
  readonly scratch: Span;
}

export function reserveCpu(plan: MemoryPlan, index: number): void {
  plan.reserve(`the stack of CPU ${index}`, maxFrames * frameSize, "run");
  plan.reserve(`the context of CPU ${index}`, contextSize, "run");
  plan.reserve(`the scratch memory of CPU ${index}`, maxFrames * scratchPart, "run");
}

export function cpuMemory(memory: ProgramMemory, index: number): CpuMemory {
  return {
    index,
    stack: memory.named(`the stack of CPU ${index}`),
    context: memory.named(`the context of CPU ${index}`),
    scratch: memory.named(`the scratch memory of CPU ${index}`),
  };
}

/** The frames that a run has used, from the first on: another finds zeros there. */
export function clearStack({ doubleWords }: ProgramMemory, { stack }: CpuMemory, frames: number = maxFrames): void {
  doubleWords.fill(0n, (stack.end - frames * frameSize) / 8, stack.end / 8);
}
