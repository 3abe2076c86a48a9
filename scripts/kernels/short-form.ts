/** The end of the paths of those files of the kernel suite that CI runs in guests, beside the guest suite. */
export const shortForm: readonly string[] = ["test/kernel/attach"];
