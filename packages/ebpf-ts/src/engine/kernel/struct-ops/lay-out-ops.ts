import { EbpfError, NotSupportedError } from "../../../base/errors.ts";
import { nearName } from "../../../base/near-name.ts";
import type { Btf, BtfComposite, BtfMember } from "../../../btf/types.ts";
import { isFunctionPointer } from "../../../spec/struct-ops/function-pointer.ts";
import type { MapSpec } from "../../../spec/types.ts";
import type { KernelOps } from "./kernel-ops.ts";

/** What a map of operations is to hold, in the kernel's layout. */
export interface OpsLayout {
  readonly kernel: KernelOps;
  /** All but the programs. */
  readonly value: Uint8Array;
  readonly programs: readonly OpsProgram[];
}

/** A program, and which member of the kernel's struct it is. */
export interface OpsProgram {
  readonly program: string;
  /** Its index there. */
  readonly member: number;
  /** Bytes from the start of the value. */
  readonly offset: number;
}

/**
 * Puts the members of the object's struct where the kernel's struct has those of the same names. Members that the kernel does not have must be zero.
 * Throws NOT_SUPPORTED for others, and for those that are something else in the kernel.
 */
export function layOutOps(map: MapSpec, btf: Btf, type: BtfComposite, kernel: KernelOps): OpsLayout {
  const value = new Uint8Array(kernel.value.size);
  const programs: OpsProgram[] = [];
  const contents = map.contents ?? new Uint8Array(0);
  for (const member of type.members) {
    const place = new MemberPlace(map.name, btf, member, contents, kernel);
    const program = map.ops?.find((each) => each.member === member.name)?.program;
    const found = place.inKernel(program);
    if (found === undefined) continue;
    const offset = kernel.dataOffset + found.offset;
    if (program !== undefined) programs.push({ program, member: found.index, offset });
    else value.set(place.bytes, offset);
  }
  return { kernel, value, programs };
}

/** The value with the descriptors of its programs: what the kernel takes. */
export function filledIn({ value, programs }: OpsLayout, descriptorOf: (program: string) => number): Uint8Array {
  const filled = value.slice();
  const view = new DataView(filled.buffer);
  for (const { program, offset } of programs) view.setBigUint64(offset, BigInt(descriptorOf(program)), true);
  return filled;
}

/** One member of the object's struct. */
class MemberPlace {
  readonly bytes: Uint8Array;
  readonly #map: string;
  readonly #btf: Btf;
  readonly #member: BtfMember;
  readonly #kernel: KernelOps;

  constructor(map: string, btf: Btf, member: BtfMember, contents: Uint8Array, kernel: KernelOps) {
    const start = Math.floor(member.bitOffset / 8);
    const size =
      member.bitSize > 0 ? Math.ceil(((member.bitOffset % 8) + member.bitSize) / 8) : btf.sizeOf(member.type);
    this.#map = map;
    this.#btf = btf;
    this.#member = member;
    this.#kernel = kernel;
    this.bytes = contents.subarray(start, start + size);
    if (this.bytes.length !== size)
      throw new EbpfError(
        "BAD_OBJECT",
        `Cannot load map ${map}: its member ${member.name} lies outside of its contents`,
      );
  }

  /** Where the kernel has it; undefined where it does not, and need not. */
  inKernel(program: string | undefined): { readonly index: number; readonly offset: number } | undefined {
    const { type, btf } = this.#kernel;
    const index = type.members.findIndex(({ name }) => name === this.#member.name);
    const found = type.members[index];
    if (found === undefined) {
      if (program !== undefined || !this.#isZero) throw this.#notThere();
      return undefined;
    }
    if (found.bitSize > 0 || this.#member.bitSize > 0) throw this.#refuse("it is a bitfield, which cannot be set");
    this.#compare(btf, found, program);
    return { index, offset: Math.floor(found.bitOffset / 8) };
  }

  #compare(kernelBtf: Btf, found: BtfMember, program: string | undefined): void {
    const [own, theirs] = [this.#btf.resolve(this.#member.type), kernelBtf.resolve(found.type)];
    const areFunctions = isFunctionPointer(this.#btf, this.#member.type) && isFunctionPointer(kernelBtf, found.type);
    if (own.kind !== theirs.kind || (program !== undefined && !areFunctions)) throw this.#differs(kernelBtf, found);
    if (own.kind === "ptr") {
      if (program === undefined && !this.#isZero) throw this.#refuse("a pointer is a program, or zero");
    } else if (kernelBtf.sizeOf(found.type) !== this.bytes.length) throw this.#differs(kernelBtf, found);
  }

  /** Of a bitfield, the bits that are its own. */
  get #isZero(): boolean {
    const { bitOffset, bitSize } = this.#member;
    if (bitSize === 0) return this.bytes.every((byte) => byte === 0);
    const bits = Array.from({ length: bitSize }, (_, index) => (bitOffset % 8) + index);
    return bits.every((bit) => (this.bytes[bit >> 3]! & (1 << (bit & 7))) === 0);
  }

  #notThere(): NotSupportedError {
    const { type } = this.#kernel;
    const { name } = this.#member;
    const near = nearName(
      name,
      type.members.map((member) => member.name),
    );
    const hint = near === undefined ? "" : `, but ${near}`;
    return this.#refuse(`this kernel's struct ${type.name} has no such member${hint}: leave it zero`);
  }

  #differs(kernelBtf: Btf, found: BtfMember): NotSupportedError {
    const [own, theirs] = [this.#btf.nameOf(this.#member.type), kernelBtf.nameOf(found.type)];
    return this.#refuse(`it is ${own}, and ${theirs} in this kernel's struct ${this.#kernel.type.name}`);
  }

  #refuse(why: string): NotSupportedError {
    const { name } = this.#member;
    const message = `Cannot load map ${this.#map}: its member ${name || "without a name"}: ${why}`;
    return new NotSupportedError(`${this.#kernel.type.name}.${name}`, message);
  }
}
