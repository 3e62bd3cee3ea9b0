import type { SubscribedType } from '../events/gateway-event-types.js';

export const DISABLED_REASONS = ['by_app', 'by_operator', 'gone', 'failing'] as const;
export type DisabledReason = (typeof DISABLED_REASONS)[number];

/** Where an app, or the operators, are told of events. The secret is read only where something is signed. */
export interface Endpoint {
  readonly id: string;
  /** null: it is the operators'. */
  readonly appId: string | null;
  readonly url: string;
  readonly types: readonly SubscribedType[];
  readonly description: string | null;
  /** null: it is enabled. */
  readonly disabledReason: DisabledReason | null;
  readonly failingSince: Date | null;
  readonly lastSuccessAt: Date | null;
  readonly createdAt: Date;
}

/** The replaced secrets of an endpoint `p` that still sign; null: none. */
export const PREVIOUS_SECRETS = `
  (select array_agg(s.secret) from unnest(p.previous_secrets, p.previous_until) s (secret, until) where s.until > now())`;

export const ENDPOINT_COLUMNS = `
  p.id, p.app_id as "appId", p.url, p.types, p.description, p.disabled_reason as "disabledReason",
  p.failing_since as "failingSince", p.last_success_at as "lastSuccessAt", p.created_at as "createdAt"`;
