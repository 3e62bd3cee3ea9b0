import type { PoolClient } from 'pg';
import type { RetentionSettings } from '../config/config.js';
import { END_STATUSES } from '../providers/declared.js';
import { finishErasure, nextAppToErase } from '../crypto/app-data-keys.js';
import { blockPersonal } from '../ledger/writes/erase.js';
import { forgetOldKeys } from '../ledger/writes/expire-idempotency-keys.js';
import { deleteOldNotifications } from '../notifications/delete-notifications.js';
import { deleteOldDeliveries, deleteWaitingDeliveries } from '../webhooks/deliveries/delete-deliveries.js';
import { deleteGatewayEvents } from '../webhooks/events/delete-gateway-events.js';
import { erasePersonalData } from './erase-personal-data.js';

/** The progress of a task. It is committed with the work itself, so that a crash neither skips nor repeats any work. */
export interface Progress {
  readonly reachedAt: Date | null;
  readonly reachedId: string | null;
}

export interface Batch extends Progress {
  readonly rows: number;
  /** True when no more rows are due now. */
  readonly isOver: boolean;
}

/** One kind of retention work. Each call handles a bounded batch inside the transaction of `client`. */
export type PurgeTask = (client: PoolClient, reached: Progress) => Promise<Batch>;

const MAX_ROWS = 500;
const MAX_DELETED_ROWS = 5_000;
const FIRST_ID = '00000000-0000-0000-0000-000000000000';
const MIN_SPAN_MS = 1_000;
/** A period without rows is skipped in steps of at most 30 days. */
const MAX_SPAN_MS = 30 * 24 * 60 * 60_000;
const NO_PROGRESS: Progress = { reachedAt: null, reachedId: null };

const BOUNDS = `
select now() - make_interval(days => $1) as until, (select created_at from transactions order by id limit 1) as first`;

/**
 * Transactions of a pass are blocked with the pass. Those that came after it was blocked are blocked like any other.
 */
const FINAL_TRANSACTIONS = `
select t.id, t.completed_at as "completedAt" from transactions t
where t.completed_at >= $1 and t.completed_at < $2 and t.blocked_at is null and t.erased_at is null
  and (t.resource_id is null or exists (
    select from resources r where r.id = t.resource_id and (r.blocked_at is not null or r.erased_at is not null)))
order by t.completed_at limit $3`;

/** Walks once through all final transactions by completion time, in shorter steps where there are more of them. */
export function blockEnded({ personalDays }: RetentionSettings): PurgeTask {
  let spanMs = MAX_SPAN_MS;
  return async (client, { reachedAt }) => {
    const bounds = await client.query<{ until: Date; first: Date | null }>(BOUNDS, [personalDays]);
    const { until, first } = bounds.rows[0] ?? { until: new Date(0), first: null };
    const from = reachedAt ?? first ?? until;
    if (from >= until) return { reachedAt, reachedId: null, rows: 0, isOver: true };
    const to = new Date(Math.min(from.getTime() + spanMs, until.getTime()));
    const { rows } = await client.query<{ id: string; completedAt: Date }>(FINAL_TRANSACTIONS, [from, to, MAX_ROWS]);
    const ids = rows.map(({ id }) => id);
    if (ids.length > 0) await blockPersonal(client, ids);
    const isFull = ids.length === MAX_ROWS;
    spanMs = isFull ? Math.max(spanMs / 8, MIN_SPAN_MS) : Math.min(spanMs * 2, MAX_SPAN_MS);
    return {
      reachedAt: (isFull ? rows.at(-1)?.completedAt : null) ?? to,
      reachedId: null,
      rows: ids.length,
      // `until` advances with the clock. Rows that become due meanwhile are for the next run.
      isOver: !isFull && to >= until,
    };
  };
}

/** Resources that are over. A resource that can still be used is kept. */
const ENDED_RESOURCES = `
select (select t.id from transactions t where t.resource_id = r.id limit 1) as id
from resources r
where r.blocked_at is null and r.erased_at is null and r.updated_at < now() - make_interval(days => $1)
  and r.status = any($3)
  and not exists (
    select from transactions t where t.resource_id = r.id
      and (t.completed_at is null or t.completed_at >= now() - make_interval(days => $1)))
order by r.updated_at limit $2`;

export function blockPasses({ personalDays }: RetentionSettings): PurgeTask {
  return async (client) => {
    const { rows } = await client.query<{ id: string | null }>(ENDED_RESOURCES, [personalDays, MAX_ROWS, END_STATUSES]);
    const ids = rows.flatMap(({ id }) => id ?? []);
    const blocked = ids.length === 0 ? [] : await blockPersonal(client, ids);
    return { ...NO_PROGRESS, rows: blocked.length, isOver: blocked.length === 0 };
  };
}

const BLOCKED = `
select id from transactions where blocked_at < now() - make_interval(days => $1) and erased_at is null
order by blocked_at limit $2`;

export function eraseBlocked({ blockedDays }: RetentionSettings): PurgeTask {
  return async (client) => {
    const { rows } = await client.query<{ id: string }>(BLOCKED, [blockedDays, MAX_ROWS]);
    const ids = rows.map(({ id }) => id);
    const erased = ids.length === 0 ? [] : await erasePersonalData(client, ids);
    return { ...NO_PROGRESS, rows: erased.length, isOver: erased.length === 0 };
  };
}

/** Transactions of a pass that ended after the pass was blocked or erased, e.g. a late cancellation or update. */
const LATE = `
select t.id, r.erased_at is not null as "isErased"
from resources r join transactions t on t.resource_id = r.id and t.app_id = r.app_id
where coalesce(r.erased_at, r.blocked_at) > now() - interval '60 days' and t.completed_at is not null
  and t.erased_at is null and (t.blocked_at is null or r.erased_at is not null)
limit $1`;

export const closeLate: PurgeTask = async (client) => {
  const { rows } = await client.query<{ id: string; isErased: boolean }>(LATE, [MAX_ROWS]);
  const erased = await erasePersonalData(client, idsOf(rows, true));
  const blocked = await blockPersonal(client, idsOf(rows, false));
  const done = erased.length + blocked.length;
  return { ...NO_PROGRESS, rows: done, isOver: done === 0 };
};

function idsOf(rows: readonly { readonly id: string; readonly isErased: boolean }[], isErased: boolean): string[] {
  return rows.filter((row) => row.isErased === isErased).map(({ id }) => id);
}

export function deleteNotifications({ notificationDays }: RetentionSettings): PurgeTask {
  return async (client) => {
    const rows = await deleteOldNotifications(client, notificationDays, MAX_DELETED_ROWS);
    return { ...NO_PROGRESS, rows, isOver: rows === 0 };
  };
}

export const deleteWebhookEvents: PurgeTask = async (client) => {
  const rows = await deleteGatewayEvents(client, MAX_DELETED_ROWS);
  return { ...NO_PROGRESS, rows, isOver: rows === 0 };
};

export const deleteDeliveries: PurgeTask = async (client) => {
  const rows = await deleteOldDeliveries(client, MAX_DELETED_ROWS);
  return { ...NO_PROGRESS, rows, isOver: rows === 0 };
};

export const forgetKeys: PurgeTask = async (client, { reachedId }) => {
  const ids = await forgetOldKeys(client, reachedId ?? FIRST_ID, MAX_ROWS);
  const last = ids.at(-1) ?? reachedId;
  return { reachedAt: null, reachedId: last, rows: ids.length, isOver: ids.length === 0 };
};

const TRANSACTIONS_OF_APP = `select id from transactions where app_id = $1 and id > $2 order by id limit $3`;

/** Erases data that is readable without the app's key: masked values, metadata, notifications and webhooks that wait. */
export const eraseApps: PurgeTask = async (client, { reachedId }) => {
  const appId = await nextAppToErase(client);
  if (appId === null) return { ...NO_PROGRESS, rows: 0, isOver: true };
  const { rows } = await client.query<{ id: string }>(TRANSACTIONS_OF_APP, [appId, reachedId ?? FIRST_ID, MAX_ROWS]);
  const ids = rows.map(({ id }) => id);
  if (ids.length > 0) {
    await erasePersonalData(client, ids);
    return { reachedAt: null, reachedId: ids.at(-1) ?? null, rows: ids.length, isOver: false };
  }
  const deleted = await deleteWaitingDeliveries(client, appId, MAX_DELETED_ROWS);
  if (deleted === 0) await finishErasure(client, appId);
  return { reachedAt: null, reachedId: deleted === 0 ? null : reachedId, rows: deleted, isOver: false };
};
