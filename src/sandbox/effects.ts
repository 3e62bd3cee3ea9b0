import { type Provider } from './call.js';

/** Something that really happened at a provider, whatever its caller was told. */
export interface Effect {
  readonly provider: Provider;
  readonly kind: string;
  readonly at: string;
  /** The caller's own id, as far as the provider gets one. */
  readonly key: string;
  readonly providerReference: string | null;
  readonly outcome: string;
  readonly quantity: { readonly value: string; readonly unit: string } | null;
  readonly detail: Readonly<Record<string, unknown>>;
}
