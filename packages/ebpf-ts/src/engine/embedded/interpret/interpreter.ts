import { AluOp, CALL, CallKind, EXIT, InstructionClass, JA32, JumpOp, Mode } from "../../../insn/opcodes.ts";
import { alu32 } from "./alu32.ts";
import { alu64 } from "./alu64.ts";
import { atomic } from "./atomics.ts";
import { byteSwap } from "./byte-swap.ts";
import { isTaken32, isTaken64 } from "./jump.ts";
import { load, store } from "./load-store.ts";
import type { Executor } from "../machine/executor.ts";
import type { HelperTable } from "../machine/helper.ts";
import type { Run } from "../machine/run.ts";

export const interpreter: Executor = {
  open: (_machine, helpers) => (run) => execute(run, helpers),
};

/** What `validate.ts` has settled once (known opcodes, registers, jump targets) is not asked again. */
function execute(run: Run, helpers: HelperTable): void {
  const entry = run.depth;
  for (;;) {
    if (run.remaining-- <= 0) run.look();
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
          call(run, slot, helpers);
        } else if ((opcode & 0xf0) === JumpOp.JA || isTaken64(run, slot)) {
          run.next += run.program.offsets[slot]!;
        }
    }
  }
}

function call(run: Run, slot: number, helpers: HelperTable): void {
  const program = run.program;
  const kind = program.src[slot];
  if (kind === CallKind.LOCAL) {
    run.enter(slot + 1 + program.imms[slot]!);
    return;
  }
  const helper = kind === CallKind.HELPER ? helpers[program.imms[slot]!] : undefined;
  if (helper === undefined)
    return run.fault("called a helper or kernel function that the embedded engine does not have");
  const { u64 } = run;
  const result = helper(run, u64[1]!, u64[2]!, u64[3]!, u64[4]!, u64[5]!);
  if (typeof result === "bigint") u64[0] = result;
  else run.goOnAt(result);
}
