import { readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';

const PROJECT_FOLDER = join(import.meta.dirname, '..', '..');
const SOURCE = join(PROJECT_FOLDER, 'src');

/** The room whose files alone write a table. */
const OWNERS: Readonly<Record<string, string>> = {
  api_keys: 'access',
  apps: 'access',
  audit_log: 'access',
  operators: 'access',
  plans: 'access',
  app_data_keys: 'crypto',
  encryption_key_check: 'boot',
  breaks: 'reconciliation',
  reconciliations: 'reconciliation',
  reconciliation_bad_lines: 'reconciliation',
  statement_pages: 'reconciliation',
  latcom_products: 'providers/latcom',
  ledger_accounts: 'ledger',
  ledger_checkpoints: 'ledger',
  ledger_entries: 'ledger',
  ledger_seals: 'ledger',
  open_count_changes: 'ledger',
  open_counts: 'ledger',
  resources: 'ledger',
  transaction_batches: 'ledger',
  transaction_events: 'ledger',
  transactions: 'ledger',
  notifications: 'notifications',
  provider_balances: 'funds',
  provider_floats: 'funds',
  provider_keys: 'outbound',
  provider_quota_slots: 'outbound',
  provider_quotas: 'outbound',
  provider_tokens: 'outbound',
  provider_states: 'operations',
  resolution_proposals: 'operations',
  purge_tasks: 'privacy',
};

/** Files that write a table of another room, because one commit has to span both. */
const SPANNING: Readonly<Record<string, string>> = {
  'ledger/writes/settle.ts notifications': 'a notification is applied in the commit of the move that it causes',
  'ledger/writes/settle.ts provider_balances': 'a balance reported with a purchase is stored with its result',
  'ledger/writes/erase.ts notifications': 'what was reported of an erased person goes in the same commit',
  'privacy/app-erasure.ts app_data_keys': 'a key is destroyed in the commit that begins the erasure',
  'privacy/purge-tasks.ts app_data_keys': 'the end of an erasure is stored with its last rows',
  'privacy/purge-tasks.ts notifications':
    'the purge deletes old rows of all rooms, and its progress in the same commit',
};

const WRITE = /\b(?:insert\s+into|update|delete\s+from|truncate)\s+(?:only\s+)?(\w+)/gi;

const tables = [
  ...readFileSync(join(SOURCE, 'database', 'schema.sql'), 'utf8').matchAll(/create table (?:public\.)?(\w+)/gi),
]
  .map(([, name]) => name ?? '')
  .toSorted();

/** `<file> <table>` of every statement in the source that writes a table, but those of migrations and the sandbox. */
function writesOf(): string[] {
  const files = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
    .map((file) => file.split(sep).join('/'))
    .filter((file) => file.endsWith('.ts') && !file.includes('/migrations/') && !file.startsWith('sandbox/'));
  const writes = files.flatMap((file) =>
    [...readFileSync(join(SOURCE, file), 'utf8').matchAll(WRITE)].map(([, table]) => `${file} ${table ?? ''}`),
  );
  return [...new Set(writes)].filter((write) => tables.includes(write.split(' ')[1] ?? ''));
}

it('every table has an owner', () => {
  expect(tables.length).toBeGreaterThan(30);
  expect(Object.keys(OWNERS).toSorted()).toEqual(tables);
});

it('a table is written by the room that owns it, or where one commit has to span two', () => {
  const writes = writesOf();
  expect(writes).toContain('ledger/writes/record.ts transactions');
  const foreign = writes.filter((write) => {
    const [file = '', table = ''] = write.split(' ');
    return !file.startsWith(`${OWNERS[table] ?? ''}/`);
  });
  expect(foreign.toSorted()).toEqual(Object.keys(SPANNING).toSorted());
});
