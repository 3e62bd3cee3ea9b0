/** How long something is kept, why, and what ends it. */
export interface RetentionClass {
  readonly kept: string;
  readonly why: string;
}

export const CLASSES = {
  personal: {
    kept: '`RETENTION_PERSONAL_DAYS` (180) after its transaction ended, then blocked for `RETENTION_BLOCKED_DAYS` (180), then erased; of a pass: after the pass is over',
    why: 'Personal data, encrypted with the key of the app or masked, and what partners write freely.',
  },
  raw: {
    kept: '`RETENTION_NOTIFICATION_DAYS` (90), then the row is deleted; at once when its transaction is erased',
    why: 'Notifications as they came, encrypted: evidence, and what is needed to apply one again.',
  },
  guard: {
    kept: '30 days, then emptied',
    why: 'Keyed hashes and the idempotency keys of apps: against doing something twice.',
  },
  ledger: {
    kept: 'for ever',
    why: "The accounts: who moved what for which app, and how that is known. Nothing personal: references are the partners' own numbers, and may not be of a person.",
  },
  audit: {
    kept: 'for ever; the gateway cannot delete it',
    why: 'Which operator did or read what, and from which address: needed for at least five years to size an incident (ANPD 15/2024).',
  },
  staff: {
    kept: 'until the operator is removed',
    why: 'Those who operate the gateway.',
  },
  partner: {
    kept: 'for ever; the data key until the app is erased',
    why: 'Partner apps, their settings and the hashes of their keys: companies, not persons.',
  },
  state: {
    kept: 'until it is overwritten, or needless',
    why: 'How the gateway works at the moment: budgets, logins, switches. Of nobody.',
  },
} as const satisfies Record<string, RetentionClass>;

export type RetentionClassName = keyof typeof CLASSES;

/** Where a class applies; `*`: all columns of the table that no other class names. */
type TableRetention = Partial<Record<RetentionClassName, readonly string[]>>;

const WHOLE = ['*'];

/** The retention of every column of every table. A column that is missing here fails a test. */
export const RETENTION: Readonly<Record<string, TableRetention>> = {
  api_keys: { partner: WHOLE },
  app_data_keys: { partner: WHOLE },
  apps: { partner: WHOLE },
  audit_log: { audit: WHOLE },
  breaks: { ledger: WHOLE },
  latcom_products: { state: WHOLE },
  encryption_key_check: { state: WHOLE },
  ledger_accounts: { ledger: WHOLE },
  ledger_checkpoints: { ledger: WHOLE },
  ledger_entries: { ledger: WHOLE },
  ledger_seals: { ledger: WHOLE },
  notifications: { raw: WHOLE },
  open_count_changes: { state: WHOLE },
  open_counts: { state: WHOLE },
  operators: { staff: WHOLE },
  plans: { state: WHOLE },
  provider_balances: { ledger: WHOLE },
  provider_floats: { state: WHOLE },
  provider_keys: { state: WHOLE },
  provider_quota_slots: { state: WHOLE },
  provider_quotas: { state: WHOLE },
  provider_states: { state: WHOLE },
  provider_tokens: { state: WHOLE },
  purge_tasks: { state: WHOLE },
  rate_limit_windows: { state: WHOLE },
  reconciliation_bad_lines: { ledger: WHOLE },
  reconciliations: { ledger: WHOLE },
  resolution_proposals: { ledger: WHOLE },
  resources: {
    personal: ['sealed', 'metadata'],
    ledger: [
      ...['id', 'app_id', 'kind', 'provider', 'provider_reference', 'status', 'detail'],
      ...['created_at', 'updated_at', 'blocked_at', 'erased_at'],
    ],
  },
  statement_pages: { ledger: WHOLE },
  transaction_batches: { ledger: WHOLE },
  transaction_events: { ledger: WHOLE },
  transactions: {
    personal: ['detail', 'sealed', 'metadata', 'failure'],
    guard: ['idempotency_key', 'request_mac', 'duplicate_mac'],
    ledger: [
      ...['id', 'app_id', 'type', 'provider', 'status', 'reference', 'reference_scope', 'idempotency_item'],
      ...['quantity', 'unit', 'correlation_id', 'provider_reference', 'resource_id', 'attempts'],
      ...['attempt_open', 'epoch', 'due_at', 'parked', 'release_at', 'expires_at', 'expected_by', 'version'],
      ...['created_at', 'updated_at', 'completed_at', 'covered', 'blocked_at', 'erased_at', 'claim_id', 'claim_epoch'],
    ],
  },
};
