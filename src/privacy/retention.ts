import { TABLES_OF_PROVIDERS } from '../providers/declared.js';
import { assertUnique } from '../providers/manifest-checks.js';
import type { TableRetention } from './retention-classes.js';

export { CLASSES, type RetentionClassName } from './retention-classes.js';

const WHOLE = ['*'];

/** The gateway's own tables. */
const OWN: Readonly<Record<string, TableRetention>> = {
  api_keys: { partner: WHOLE },
  app_data_keys: { partner: WHOLE },
  apps: { partner: WHOLE },
  audit_log: { audit: WHOLE },
  breaks: { ledger: WHOLE },
  encryption_key_check: { state: WHOLE },
  ledger_accounts: { ledger: WHOLE },
  ledger_checkpoints: { ledger: WHOLE },
  ledger_entries: { ledger: WHOLE },
  ledger_seals: { ledger: WHOLE },
  notifications: { raw: WHOLE },
  open_count_changes: { state: WHOLE },
  open_counts: { state: WHOLE },
  operators: { staff: WHOLE },
  provider_balances: { ledger: WHOLE },
  provider_floats: { state: WHOLE },
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
  webhook_deliveries: { delivery: WHOLE },
  webhook_endpoints: { partner: WHOLE },
  webhook_replays: { delivery: WHOLE },
  webhook_events: { event: WHOLE },
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

assertUnique('table', [...Object.keys(OWN), ...Object.keys(TABLES_OF_PROVIDERS)]);

/** The retention of every column of every table. A column that is missing here fails a test. */
export const RETENTION: Readonly<Record<string, TableRetention>> = { ...TABLES_OF_PROVIDERS, ...OWN };
