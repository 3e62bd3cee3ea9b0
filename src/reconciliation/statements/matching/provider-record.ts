/** A statement line as a break stores it; the amount is in the smallest unit, e.g. cents. */
export type ProviderRecord = {
  readonly line: number;
  readonly id: string;
  readonly providerReference?: string;
  /** The result of a final line. */
  readonly succeeded?: boolean;
  /** The line reverses an execution. */
  readonly reversal?: true;
  readonly amount?: string;
  readonly unit?: string;
  readonly at?: string;
};
