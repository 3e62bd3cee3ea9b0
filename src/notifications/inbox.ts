import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { newUuid } from '../ids.js';
import { Batcher } from '../ledger/batcher.js';
import { metrics } from '../metrics.js';
import { Vault } from '../vault.js';

/** What became of a stored notification. `received`: not looked at yet. */
export const NOTIFICATION_STATES = ['received', 'applied', 'orphan', 'unreadable', 'contradiction'] as const;
export type NotificationState = (typeof NOTIFICATION_STATES)[number];

export interface StoredNotification {
  readonly id: string;
  readonly provider: string;
  readonly receivedAt: Date;
  readonly raw: string;
  readonly attempts: number;
  /** What it is about, as far as somebody has looked at it before. */
  readonly correlationId: string | null;
}

/** A notification, by what it says. */
export interface Mention {
  readonly id: string;
  readonly provider: string;
  readonly correlationId: string;
}

/** A notification and what became of it. */
export interface KeptNotification {
  readonly id: string;
  readonly provider: string;
  readonly receivedAt: Date;
  readonly state: NotificationState;
  readonly correlationId: string | null;
  readonly transactionId: string | null;
  readonly attempts: number;
  readonly appliedAt: Date | null;
  readonly sealed: Buffer;
  /** The personal data of its transaction is kept for claims only. */
  readonly isBlocked: boolean;
}

interface NotificationRow {
  id: string;
  provider: string;
  receivedAt: Date;
  correlationId: string | null;
  sealed: Buffer;
  attempts: number;
}

interface Arrival {
  readonly id: string;
  readonly provider: string;
  readonly sealed: string;
}

const MAX_BATCH_ROWS = 256;
const MAX_WAITING_ROWS = 5_000;
const RETRY_MS = 3_000;
/** Whoever takes a notification up has so long for it; after a crash another instance does it. */
const LEASE_MS = 15_000;

const STORE = `
insert into notifications (id, provider, sealed, due_at)
select id, provider, decode(sealed, 'base64'), now() + $2 * interval '1 ms'
from json_to_recordset($1::json) as r (id uuid, provider text, sealed text)
on conflict (id) do nothing`;

const CLAIM = `
update notifications n set attempts = n.attempts + 1, due_at = now() + $2 * interval '1 ms'
from (
  select id from notifications where due_at <= now() order by due_at limit $1 for update skip locked
) due
where n.id = due.id
returning n.id, n.provider, n.received_at as "receivedAt", n.correlation_id as "correlationId", n.sealed, n.attempts`;

const WAKE_ORPHANS = `
update notifications set due_at = now()
where provider = $1 and correlation_id = any($2) and state = 'orphan' and due_at > now()`;

const CLAIM_ONE = `
update notifications n set attempts = n.attempts + 1, due_at = now() + $2 * interval '1 ms'
where n.id = $1
returning n.id, n.provider, n.received_at as "receivedAt", n.correlation_id as "correlationId", n.sealed, n.attempts`;

const LIST = `
select id, provider, received_at as "receivedAt", state, correlation_id as "correlationId",
  transaction_id as "transactionId", attempts, applied_at as "appliedAt", sealed,
  exists (select from transactions t where t.id = transaction_id and t.blocked_at is not null) as "isBlocked"
from notifications
where ($1::text is null or state = $1) and ($2::uuid is null or id < $2) and ($3::uuid is null or id = $3)
order by id desc limit $4`;

const EARLIER_ORPHANS = `
select r.id as later, n.id
from unnest($1::text[], $2::text[], $3::uuid[]) as r (provider, correlation_id, id)
join notifications n on n.provider = r.provider and n.correlation_id = r.correlation_id and n.id < r.id
where n.state = 'orphan' order by n.id`;

const CONCLUDE = `
update notifications n set state = r.state, correlation_id = r."correlationId", transaction_id = r."transactionId",
  due_at = now() + r."retryInMs" * interval '1 ms', applied_at = case when r.state = 'applied' then now() end
from json_to_recordset($1::json) as r (
  id uuid, state text, "correlationId" text, "transactionId" uuid, "retryInMs" bigint)
where n.id = r.id`;

/** What became of a notification. */
interface Conclusion {
  readonly state: NotificationState;
  readonly correlationId: string | null;
  readonly transactionId: string | null;
  readonly retryInMs: number | null;
}

/** Inbound notifications as they came, byte for byte and encrypted: stored before anybody looks at them. */
@Injectable()
export class Inbox {
  private readonly arrivals: Batcher<Arrival, true>;
  private readonly conclusions: Batcher<Conclusion & { readonly id: string }, true>;

  constructor(
    private readonly database: Database,
    private readonly vault: Vault,
  ) {
    const limits = { maxRows: MAX_BATCH_ROWS, maxWaitingRows: MAX_WAITING_ROWS, retryForMs: RETRY_MS };
    this.arrivals = new Batcher({
      ...limits,
      write: async (rows) => {
        await database.prepared('notification_store', STORE, [JSON.stringify(rows), LEASE_MS]);
        return rows.map(() => true as const);
      },
      keysOf: () => [],
      onBatch: (rows) => metrics.commitBatchRows.observe({ statement: 'notification' }, rows),
    });
    this.conclusions = new Batcher({
      ...limits,
      write: async (rows) => {
        await database.prepared('notification_conclude', CONCLUDE, [JSON.stringify(rows)]);
        return rows.map(() => true as const);
      },
      keysOf: ({ id }) => [id],
      onBatch: (rows) => metrics.commitBatchRows.observe({ statement: 'conclusion' }, rows),
    });
  }

  /** Resolves after the commit, and only then may the sender be told that we have it. */
  async store(provider: string, raw: Buffer): Promise<StoredNotification> {
    const id = newUuid();
    // Latin-1 keeps every byte, whatever the encoding turns out to be.
    const sealed = this.vault.seal(raw.toString('latin1')).toString('base64');
    await this.arrivals.push({ id, provider, sealed });
    return { id, provider, receivedAt: new Date(), raw: raw.toString('utf8'), attempts: 1, correlationId: null };
  }

  async claimDue(maxRows: number): Promise<StoredNotification[]> {
    const rows = await this.database.query<NotificationRow>(CLAIM, [maxRows, LEASE_MS]);
    return rows.map((row) => ({ ...row, raw: this.read(row.sealed) }));
  }

  /** For an operator who wants one applied again, whatever became of it. */
  async claimOne(id: string): Promise<StoredNotification | null> {
    const rows = await this.database.query<NotificationRow>(CLAIM_ONE, [id, LEASE_MS]);
    return rows[0] ? { ...rows[0], raw: this.read(rows[0].sealed) } : null;
  }

  /** What came earlier about the same and still waits for its transaction, oldest first, by the id of the later one. */
  async earlierOrphans(mentions: readonly Mention[]): Promise<Map<string, string[]>> {
    const values = [
      mentions.map(({ provider }) => provider),
      mentions.map(({ correlationId }) => correlationId),
      mentions.map(({ id }) => id),
    ];
    type Row = { later: string; id: string };
    const rows = await this.database.prepared<Row>('notification_earlier', EARLIER_ORPHANS, values);
    const byLater = new Map<string, string[]>();
    for (const { later, id } of rows) byLater.set(later, [...(byLater.get(later) ?? []), id]);
    return byLater;
  }

  /** Newest first. */
  async list(
    state: NotificationState | null,
    page: { limit: number; before: string | null },
  ): Promise<KeptNotification[]> {
    return this.database.query<KeptNotification>(LIST, [state, page.before, null, page.limit]);
  }

  async find(id: string): Promise<KeptNotification | null> {
    return (await this.database.query<KeptNotification>(LIST, [null, null, id, 1]))[0] ?? null;
  }

  /** The bytes as they came, as UTF-8 text. Personal data. */
  read(sealed: Buffer): string {
    return Buffer.from(this.vault.open(sealed), 'latin1').toString('utf8');
  }

  /** Transactions have got these correlationIds: what waits for them is due. */
  async wakeOrphans(provider: string, correlationIds: readonly string[]): Promise<void> {
    await this.database.query(WAKE_ORPHANS, [provider, correlationIds]);
  }

  async forget(id: string): Promise<void> {
    await this.database.query(`delete from notifications where id = $1`, [id]);
  }

  async conclude(id: string, conclusion: Conclusion): Promise<void> {
    await this.conclusions.push({ id, ...conclusion });
  }
}
