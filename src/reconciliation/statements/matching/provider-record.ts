/** A line of a statement as a break keeps it; the amount in the smallest part of the unit. */
export type ProviderRecord = {
  readonly line: number;
  readonly id: string;
  readonly providerReference?: string;
  /** Of a line that is final. */
  readonly succeeded?: boolean;
  /** The line takes back what was executed. */
  readonly reversal?: true;
  readonly amount?: string;
  readonly unit?: string;
  readonly at?: string;
};
