/** Something that really happened at a provider, whatever it answered its caller. */
export interface Effect {
  readonly kind: string;
  readonly at: string;
  /** The caller's own id, as far as the provider receives one. */
  readonly key: string;
  readonly providerReference: string | null;
  readonly outcome: string;
  readonly quantity: { readonly value: string; readonly unit: string } | null;
  readonly detail: Readonly<Record<string, unknown>>;
}
