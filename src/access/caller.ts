import { assertUnique } from '../providers/manifest-checks.js';
import { PROVIDER_SCOPES, type ProviderScope } from '../providers/declared.js';

/** The permissions of apps; the scopes of providers come first. */
export type Scope = ProviderScope | (typeof OWN_SCOPES)[number];
const OWN_SCOPES = ['transactions:read', 'webhooks'] as const;
export const SCOPES: readonly Scope[] = [...PROVIDER_SCOPES, ...OWN_SCOPES];
assertUnique('scope', SCOPES);

/** Each role includes the rights of the roles before it. */
export const ROLES = ['viewer', 'operator', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** Names of operators. Key ids begin with `key_`. */
export const OPERATOR_NAME = /^(?!key_)[A-Za-z0-9._@-]{1,64}$/;

/** A partner app that authenticated with one of its keys. Ids are bare UUIDs. */
export interface AppCaller {
  readonly kind: 'app';
  readonly appId: string;
  readonly keyId: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** Product id of accruals that name none; null: the gateway's default. */
  readonly productId: string | null;
  /** Days to hold an accrual when the request names no release time; null: none. */
  readonly defaultHoldDays: number | null;
  /** Requests per minute; null: the gateway's default. */
  readonly rateLimitPerMinute: number | null;
}

/** A person. `operatorId` is a bare UUID. */
export interface OperatorCaller {
  readonly kind: 'operator';
  readonly operatorId: string;
  readonly username: string;
  readonly role: Role;
  /** The client address, for the audit log. */
  readonly address: string;
}

/** A provider that sends notifications. */
export interface NotifierCaller {
  readonly kind: 'notifier';
  readonly provider: string;
}

export type AnyCaller = AppCaller | OperatorCaller | NotifierCaller;

export function isScope(text: string): text is Scope {
  return SCOPES.some((scope) => scope === text);
}

/** True when the role `has` includes the rights of the role `needed`. */
export function includesRole(has: Role, needed: Role): boolean {
  return ROLES.indexOf(has) >= ROLES.indexOf(needed);
}
