import { AluOp, CALL, CallKind, EXIT, InstructionClass, JumpOp, Mode } from "../../../insn/opcodes.ts";
import { alu32 } from "./alu32.ts";
import { alu64 } from "./alu64.ts";
import { atomic } from "./atomics.ts";
import { byteSwap } from "./byte-swap.ts";
import { isTaken32, isTaken64 } from "./jump.ts";
import { load, store } from "./load-store.ts";
import type { Run } from "../machine/run.ts";

/** gotol: an unconditional jump whose distance is `imm`. */
const JA32 = 0x06;

/**
 * Runs from `run.next` until the frame that is current now exits. What `validate.ts` has settled once (known opcodes,
 * registers, jump targets, helpers) is not asked again.
 */
export function execute(run: Run): void {
  const entry = run.depth;
  for (;;) {
    if (run.remaining-- <= 0) run.fault("took more instructions than its budget allows: is there an endless loop?");
    const slot = run.next;
    run.slot = slot;
    run.next = slot + 1;
    const opcode = run.program.opcodes[slot]!;
    switch (opcode & 7) {
      case InstructionClass.ALU64:
        if ((opcode & 0xf0) === AluOp.END) byteSwap(run, slot);
        else alu64(run, slot);
        break;
      case InstructionClass.ALU:
        if ((opcode & 0xf0) === AluOp.END) byteSwap(run, slot);
        else alu32(run, slot);
        break;
      case InstructionClass.LDX:
        load(run, slot);
        break;
      case InstructionClass.STX:
        if ((opcode & 0xe0) === Mode.ATOMIC) atomic(run, slot);
        else store(run, slot);
        break;
      case InstructionClass.ST:
        store(run, slot);
        break;
      case InstructionClass.LD:
        run.u64[run.program.dst[slot]!] = run.program.imms64[slot]!;
        run.next = slot + 2;
        break;
      case InstructionClass.JMP32:
        if (opcode === JA32) run.next += run.program.imms[slot]!;
        else if (isTaken32(run, slot)) run.next += run.program.offsets[slot]!;
        break;
      default:
        if (opcode === EXIT) {
          if (run.depth === entry) return;
          run.leave();
        } else if (opcode === CALL) {
          call(run, slot);
        } else if ((opcode & 0xf0) === JumpOp.JA || isTaken64(run, slot)) {
          run.next += run.program.offsets[slot]!;
        }
    }
  }
}

function call(run: Run, slot: number): void {
  const program = run.program;
  if (program.src[slot] === CallKind.LOCAL) {
    run.enter(slot + 1 + program.imms[slot]!);
    return;
  }
  const { u64 } = run;
  u64[0] = program.helpers[slot]!(run, u64[1]!, u64[2]!, u64[3]!, u64[4]!, u64[5]!);
}
