import { SyscallError } from "../../../base/errors.ts";
import type { MachineMapImage } from "../machine/image.ts";
import { Errno } from "../../../uapi/errno.ts";

/** A ring as a map: it has no keys, and the kernel answers -ENOTSUPP to all that asks for one. */
export class KeylessMap {
  readonly image: MachineMapImage;
  readonly #why: string;

  /** `why` ends the sentence of a refusal. */
  constructor(image: MachineMapImage, why = "a ring buffer has no keys") {
    this.image = image;
    this.#why = why;
  }

  lookup(): number {
    return 0;
  }

  update(): number {
    return -Errno.ENOTSUPP;
  }

  delete(): number {
    return -Errno.ENOTSUPP;
  }

  nextKey(): Uint8Array | undefined {
    throw this.#hasNoKeys("BPF_MAP_GET_NEXT_KEY", "list the keys");
  }

  read(): Uint8Array | undefined {
    throw this.#hasNoKeys("BPF_MAP_LOOKUP_ELEM", "look up a key");
  }

  write(): number {
    return -Errno.ENOTSUPP;
  }

  #hasNoKeys(call: string, deed: string): SyscallError {
    return new SyscallError(
      call,
      Errno.ENOTSUPP,
      "ENOTSUPP",
      `Cannot ${deed} of map ${this.image.name}: ${this.#why}`,
      "NOT_SUPPORTED",
    );
  }
}
