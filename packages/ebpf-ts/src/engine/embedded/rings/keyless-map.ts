import { SyscallError } from "../../../base/errors.ts";
import type { MachineMapImage } from "../machine/image.ts";
import { Errno, errnoName } from "../../../uapi/errno.ts";

/** A map without keys: a ring, which the kernel answers with -ENOTSUPP to all that asks for one, or values. */
export class KeylessMap {
  readonly image: MachineMapImage;
  readonly #why: string;
  readonly #errno: number;

  /** `why` ends the sentence of a refusal, `errno` is the kernel's. */
  constructor(image: MachineMapImage, why = "a ring buffer has no keys", errno: number = Errno.ENOTSUPP) {
    this.image = image;
    this.#why = why;
    this.#errno = errno;
  }

  lookup(): number {
    return 0;
  }

  update(): number {
    return -this.#errno;
  }

  delete(): number {
    return -this.#errno;
  }

  nextKey(): Uint8Array | undefined {
    throw this.#hasNoKeys("BPF_MAP_GET_NEXT_KEY", "list the keys");
  }

  read(_key: Uint8Array): Uint8Array | undefined {
    throw this.#hasNoKeys("BPF_MAP_LOOKUP_ELEM", "look up a key");
  }

  write(_key: Uint8Array, _value: Uint8Array, _flags: number): number {
    return -this.#errno;
  }

  #hasNoKeys(call: string, deed: string): SyscallError {
    const message = `Cannot ${deed} of map ${this.image.name}: ${this.#why}`;
    const code = this.#errno === Errno.EINVAL ? "SYSCALL" : "NOT_SUPPORTED";
    return new SyscallError(call, this.#errno, errnoName(this.#errno), message, code);
  }
}
