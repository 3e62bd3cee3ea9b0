/** An operation that a provider really executed. Its answer to the caller may have said otherwise. */
export interface Effect {
  readonly kind: string;
  readonly at: string;
  /** The caller's own id, if the provider receives one. */
  readonly key: string;
  readonly providerReference: string | null;
  readonly outcome: string;
  readonly quantity: { readonly value: string; readonly unit: string } | null;
  readonly detail: Readonly<Record<string, unknown>>;
}
