import type { Database } from '../../database/database.js';
import type { AccountPair } from './accounts.js';
import { floatLock } from './float-coverage.js';
import { DUPLICATE_WINDOW_MINUTES, findConflicts, type Conflict, type Probe } from './conflicts.js';
import type { NewTransaction } from '../model/new-transaction.js';
import { wholeMs } from './whole-ms.js';

export type RecordResult =
  | {
      readonly kind: 'recorded';
      readonly createdAt: Date;
      /** The observed float covers it, together with all that was out at that moment. */
      readonly isCovered: boolean;
    }
  | {
      readonly kind: 'known';
      readonly by: 'key' | 'reference' | 'duplicate';
      readonly id: string;
      readonly appId: string;
      readonly sameRequest: boolean;
    }
  | { readonly kind: 'uncovered' };

/**
 * Whether rows may be recorded is looked at under locks, one per guarded value: two instances must not look at the same
 * time. The rows of this statement itself are in nobody's sight, so no two of them may share a guarded value.
 */
const RECORD = `
with input as (
  select * from json_to_recordset($1::json) as r (
    id uuid, "appId" uuid, type text, provider text, status text, reference text, scope text, key text, item integer,
    mac text, quantity bigint, unit text, detail jsonb, sealed text, metadata jsonb, "resourceId" uuid, resource jsonb,
    "resourceSealed" text, dup text, "allowDup" boolean, "leaseMs" bigint, "releaseAt" timestamptz, "expiresMs" bigint,
    "expectedMs" bigint, actor text, "eventId" uuid, debit bigint, credit bigint, safety numeric)
), admitted as materialized (
  select a.id, a.is_covered from (
    select array_agg(id) as ids, array_agg(case when not "allowDup" then decode(dup, 'base64') end) as macs,
      array_agg(case when safety is not null then provider end) as budgets, array_agg(safety) as safeties,
      array_agg(quantity) as amounts
    from input) i,
    admit_transactions($2::bigint[], i.ids, i.macs, now() - interval '${DUPLICATE_WINDOW_MINUTES} min', i.budgets,
      i.safeties, i.amounts) a
), recorded as (
  insert into transactions (id, app_id, type, provider, status, reference, reference_scope, idempotency_key,
    idempotency_item, request_mac, quantity, unit, detail, sealed, metadata, resource_id, duplicate_mac, attempts,
    attempt_open, epoch, due_at, release_at, expires_at, expected_by, covered)
  select id, "appId", type, provider, status, reference, scope, key, item, decode(mac, 'base64'), quantity, unit, detail,
    decode(sealed, 'base64'), metadata, "resourceId", decode(dup, 'base64'), ("leaseMs" is not null)::integer,
    "leaseMs" is not null, ("leaseMs" is not null)::integer,
    coalesce("releaseAt", now() + coalesce("leaseMs", 0) * interval '1 ms'),
    "releaseAt", now() + "expiresMs" * interval '1 ms', now() + "expectedMs" * interval '1 ms', safety is not null
  from input join admitted using (id)
  on conflict do nothing
  returning id, created_at
), event as (
  insert into transaction_events (id, transaction_id, app_id, seq, to_status, actor, evidence)
  select "eventId", id, "appId", 1, status, actor, 'request' from recorded join input using (id)
), entry as (
  insert into ledger_entries (transaction_id, app_id, seq, phase, debit_account, credit_account, amount)
  select id, "appId", 1, 'hold', debit, credit, quantity from recorded join input using (id) where quantity is not null
), born as (
  insert into resources (id, app_id, kind, provider, status, detail, sealed, metadata)
  select "resourceId", "appId", resource->>'kind', provider, resource->>'status', resource->'detail',
    decode("resourceSealed", 'base64'), metadata
  from recorded join input using (id) where resource is not null
)
select id, created_at as "createdAt", is_covered as "isCovered" from recorded join admitted using (id)`;

export type RecordRow = NewTransaction & { readonly accounts: AccountPair | null };

interface Recorded {
  id: string;
  createdAt: Date;
  isCovered: boolean;
}

/**
 * Writes new transactions, each with its first event, its hold and its resource: one statement, one commit. A row whose
 * key, reference or duplicate guard is taken is left out and answered with what stands in its way.
 */
export async function record(database: Database, rows: readonly RecordRow[]): Promise<RecordResult[]> {
  const values = [JSON.stringify(rows.map(toInput)), locksOf(rows)];
  const recorded = await database.prepared<Recorded>('ledger_record', RECORD, values);
  const byId = new Map(recorded.map((row) => [row.id, row]));
  const left = rows.filter((row) => !byId.has(row.id));
  const obstacles = left.length === 0 ? new Map<string, Conflict>() : await findConflicts(database, left.map(asProbe));
  return rows.map((row) => {
    const found = byId.get(row.id);
    if (found) return { kind: 'recorded', createdAt: found.createdAt, isCovered: found.isCovered };
    const obstacle = obstacles.get(row.id);
    if (!obstacle && row.cover) return { kind: 'uncovered' };
    if (!obstacle) throw new Error('a transaction was not recorded and nothing stands in its way');
    const { by, id, appId } = obstacle;
    // Its own row: an earlier try was committed and only the answer was lost.
    if (id === row.id) return { kind: 'recorded', createdAt: obstacle.createdAt, isCovered: false };
    return { kind: 'known', by, id, appId, sameRequest: obstacle.sameRequest === true };
  });
}

/** In one order for everybody: who holds one waits for none that comes before it. */
function locksOf(rows: readonly RecordRow[]): string[] {
  const guarded = rows.flatMap((row) => [
    ...(row.duplicateMac && !row.allowDuplicate ? [row.duplicateMac] : []),
    ...(row.cover ? [floatLock(row.provider)] : []),
  ]);
  const locks = [...new Set(guarded.map((mac) => mac.readBigInt64BE(0)))];
  return locks.sort((a, b) => (a < b ? -1 : 1)).map(String);
}

/** A duplicate that is wanted stands in nobody's way. */
function asProbe(row: RecordRow): Probe {
  return row.allowDuplicate ? { ...row, duplicateMac: null } : row;
}

function toInput(row: RecordRow): Record<string, unknown> {
  return {
    id: row.id,
    appId: row.appId,
    type: row.type,
    provider: row.provider,
    status: row.status,
    reference: row.reference,
    scope: row.referenceScope,
    key: row.idempotencyKey,
    item: row.idempotencyItem,
    mac: row.requestMac?.toString('base64'),
    quantity: row.quantity?.toString(),
    unit: row.unit,
    detail: row.detail,
    sealed: row.sealed?.toString('base64'),
    metadata: row.metadata,
    resourceId: row.resourceId ?? undefined,
    resource: row.resource
      ? { kind: row.resource.kind, status: row.resource.status, detail: row.resource.detail }
      : undefined,
    resourceSealed: row.resource?.sealed?.toString('base64'),
    dup: row.duplicateMac?.toString('base64'),
    allowDup: row.allowDuplicate,
    leaseMs: row.leaseMs === null ? null : wholeMs(row.leaseMs),
    releaseAt: row.releaseAt ?? undefined,
    expiresMs: row.expiresInMs === null ? null : wholeMs(row.expiresInMs),
    expectedMs: row.expectedInMs === null ? null : wholeMs(row.expectedInMs),
    actor: row.actor,
    eventId: row.eventId,
    debit: row.accounts?.debit,
    credit: row.accounts?.credit,
    safety: row.cover?.safety,
  };
}
