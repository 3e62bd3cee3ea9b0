/** The retention period of a class of data, its end, and the reason. */
export interface RetentionClass {
  readonly kept: string;
  readonly why: string;
}

export const CLASSES = {
  personal: {
    kept: '`RETENTION_PERSONAL_DAYS` (180) after the transaction became final (for a pass: after the pass ended), then blocked for `RETENTION_BLOCKED_DAYS` (180), then erased',
    why: 'Personal data, encrypted with the key of the app or masked, and free text of partners.',
  },
  raw: {
    kept: '`RETENTION_NOTIFICATION_DAYS` (90), then the row is deleted; at once when its transaction is erased',
    why: 'Notifications as received, encrypted: evidence, and needed to apply one again.',
  },
  guard: {
    kept: '30 days, then emptied',
    why: 'Keyed hashes and the idempotency keys of apps: they prevent that an operation is done twice.',
  },
  ledger: {
    kept: 'forever',
    why: "The accounts: every movement, its app and its evidence. No personal data: references are the partners' own numbers and must not identify a person.",
  },
  audit: {
    kept: 'forever; the gateway cannot delete it',
    why: 'Every action and read of an operator, with the address: needed for at least five years to assess an incident (ANPD 15/2024).',
  },
  staff: {
    kept: 'until the operator is removed',
    why: 'The operators of the gateway.',
  },
  partner: {
    kept: 'forever; the data key until the app is erased',
    why: 'Partner apps, their settings and the hashes of their keys: companies, not persons.',
  },
  state: {
    kept: 'until it is overwritten or no longer needed',
    why: 'Current state of the gateway: quotas, logins, switches. No personal data.',
  },
} as const satisfies Record<string, RetentionClass>;

export type RetentionClassName = keyof typeof CLASSES;

/** The columns of each class. `*`: all columns of the table that no other class names. */
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
