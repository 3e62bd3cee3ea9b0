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

/** Files that write a table of another room, because one statement has to span both. */
const SPANNING: Readonly<Record<string, string>> = {
  'ledger/writes/settle.ts notifications': 'a notification is applied in the commit of the transition that it causes',
  'ledger/writes/settle.ts provider_balances': 'a balance reported with a purchase is stored with its outcome',
};

const STATEMENT = /\b(?:insert\s+into|update|delete\s+from|truncate)\s+(?:only\s+)?(\w+)/gi;
/** Methods of TypeORM's entity managers, repositories and query builders that write. */
const METHOD =
  /\.(?:save|insert|update|upsert|delete|remove|softRemove|softDelete|recover|restore|increment|decrement|clear|into)\(/;
const ENTITY = /@Entity\('(\w+)'\)\s*export class (\w+)/g;

const tables = [
  ...readFileSync(join(SOURCE, 'database', 'schema.sql'), 'utf8').matchAll(/create table (?:public\.)?(\w+)/gi),
]
  .map(([, name]) => name ?? '')
  .toSorted();

/** The source by file, without migrations and the sandbox. */
const sources = new Map(
  readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
    .map((file) => file.split(sep).join('/'))
    .filter((file) => file.endsWith('.ts') && !file.includes('/migrations/') && !file.startsWith('sandbox/'))
    .map((file): [string, string] => [file, readFileSync(join(SOURCE, file), 'utf8')]),
);

/** The tables of TypeORM's entities, by class. */
const entities = new Map(
  [...sources.values()]
    .flatMap((text) => [...text.matchAll(ENTITY)])
    .map(([, table = '', name = '']): [string, string] => [name, table]),
);

function writtenBySql(text: string): string[] {
  return [...text.matchAll(STATEMENT)].map(([, table = '']) => table).filter((table) => tables.includes(table));
}

/**
 * A file that calls a writing method may write every entity that it names. With a manager of TypeORM it has to name one.
 */
function writtenByTypeOrm(text: string): string[] {
  if (!METHOD.test(text)) return [];
  const named = [...entities].filter(([name]) => new RegExp(`\\b${name}\\b`).test(text)).map(([, table]) => table);
  return named.length === 0 && text.includes(" from 'typeorm'") ? ['(an entity that is not named)'] : named;
}

/** `<file> <table>` of everything that writes a table. */
function writes(): string[] {
  const all = [...sources].flatMap(([file, text]) =>
    [...writtenBySql(text), ...writtenByTypeOrm(text)].map((table) => `${file} ${table}`),
  );
  return [...new Set(all)];
}

it('every table has an owner', () => {
  expect(tables.length).toBeGreaterThan(30);
  expect(Object.keys(OWNERS).toSorted()).toEqual(tables);
});

it('writes in SQL and writes through TypeORM are both seen', () => {
  expect(entities.size).toBeGreaterThan(4);
  expect(writes()).toEqual(
    expect.arrayContaining([
      'ledger/writes/record.ts transactions',
      'access/audit.ts audit_log',
      'access/admin/apps.ts api_keys',
      'access/admin/plan-admin.service.ts plans',
    ]),
  );
});

it('a table is written by the room that owns it, or where one statement has to span two', () => {
  const foreign = writes().filter((write) => {
    const [file = '', table = ''] = write.split(' ');
    return !file.startsWith(`${OWNERS[table] ?? ''}/`);
  });
  expect(foreign.toSorted()).toEqual(Object.keys(SPANNING).toSorted());
});
