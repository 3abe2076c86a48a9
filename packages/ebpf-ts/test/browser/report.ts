/** What a case of the page gave, or threw. */
export interface CaseResult {
  readonly value?: unknown;
  readonly error?: {
    readonly name: string;
    readonly message: string;
    readonly code?: string | undefined;
    readonly feature?: string | undefined;
  };
}

/** By the name of the case. */
export type PageReport = Readonly<Record<string, CaseResult>>;
