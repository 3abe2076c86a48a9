/** What a plan becomes, by closures or by code. `end` is where the record ends. */
export type Reader = (view: DataView, at: number, end: number) => unknown;
