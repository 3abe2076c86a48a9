/** Whether two types are one, `any` being no other. */
export type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Does not compile unless all are true. */
export type Hold<_Claims extends readonly true[]> = true;
