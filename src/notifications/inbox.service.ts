import { Injectable } from '@nestjs/common';
import { alarm } from '../common/alarm.js';
import { newUuid } from '../common/ids.js';
import { describeError } from '../common/log.js';
import { metrics } from '../common/metrics.js';
import { Vault } from '../crypto/gateway-vault.js';
import { Database } from '../database/database.js';
import { GroupCommit } from '../database/group-commit.js';
import type { Transaction } from '../ledger/model/transaction.js';
import { decodeJson } from '../readers/json-text.js';
import type { JsonRow } from '../database/json-rows.js';
import {
  ARRIVAL,
  CLAIM,
  CLAIM_EARLIER,
  CLAIM_ONE,
  CLAIM_ORPHANS,
  CONCLUDE,
  CONCLUSION,
  EARLIER,
  LIST,
  PARK,
  STORE,
} from './inbox.sql.js';
import type {
  Arrived,
  Conclusion,
  Incoming,
  KeptNotification,
  Mention,
  NotificationState,
  StoredNotification,
  Subject,
} from './notification.js';

interface NotificationRow {
  id: string;
  provider: string;
  correlationId: string | null;
  sealed: Buffer;
}

interface ArrivedRow {
  id: string;
  transactionId: string | null;
  appId: string;
  status: Transaction['status'];
  quantity: string | null;
  unit: string | null;
  erasedAt: Date | null;
  earlier: string[];
}

interface Arrival {
  readonly id: string;
  readonly provider: string;
  readonly sealed: string;
  readonly correlationId: string | null;
}

const MAX_BATCH_ROWS = 256;
const MAX_WAITING_ROWS = 5_000;
const RETRY_MS = 3_000;
/** Time to apply a claimed notification. After a crash another instance claims it when this time is over. */
const LEASE_MS = 15_000;

/** Stores inbound notifications byte for byte, encrypted, before anything else is done, and keeps their state. */
@Injectable()
export class Inbox {
  private readonly arrivals: GroupCommit<Arrival, Subject | null>;
  private readonly conclusions: GroupCommit<Conclusion & { readonly id: string }, true>;

  constructor(
    private readonly database: Database,
    private readonly vault: Vault,
  ) {
    const limits = { maxRows: MAX_BATCH_ROWS, maxWaitingRows: MAX_WAITING_ROWS, retryForMs: RETRY_MS };
    this.arrivals = new GroupCommit({
      ...limits,
      write: async (rows) => {
        const values = [JSON.stringify(rows satisfies readonly JsonRow<typeof ARRIVAL>[]), LEASE_MS];
        const received = await database.prepared<ArrivedRow>('notification_store', STORE, values);
        const byId = new Map(received.map((row) => [row.id, row]));
        return rows.map(({ id, provider }) => subjectOf(byId.get(id), provider));
      },
      keysOf: () => [],
      onBatch: (rows) => metrics.commitBatchRows.observe({ statement: 'notification' }, rows),
    });
    this.conclusions = new GroupCommit({
      ...limits,
      write: async (rows) => {
        await database.prepared('notification_conclude', CONCLUDE, [
          JSON.stringify(rows satisfies readonly JsonRow<typeof CONCLUSION>[]),
        ]);
        return rows.map(() => true as const);
      },
      keysOf: ({ id }) => [id],
      onBatch: (rows) => metrics.commitBatchRows.observe({ statement: 'conclusion' }, rows),
    });
  }

  /**
   * Resolves after the commit; only then may the notification be acknowledged to its sender. null: an orphan, nothing to
   * apply yet.
   */
  async store({ provider, bytes, correlationId }: Incoming): Promise<Arrived | null> {
    const id = newUuid();
    // Latin-1 keeps every byte, whatever the encoding turns out to be.
    const sealed = this.vault.seal(bytes.toString('latin1')).toString('base64');
    const subject = await this.arrivals.push({ id, provider, sealed, correlationId });
    return subject && { notification: { id, provider, raw: decodeJson(bytes), correlationId }, subject };
  }

  async claimDue(maxRows: number): Promise<StoredNotification[]> {
    return this.openedEach(await this.database.query<NotificationRow>(CLAIM, [maxRows, LEASE_MS]));
  }

  /** Claims the orphans of transactions that have just got these correlationIds. */
  async claimOrphans(provider: string, correlationIds: readonly string[]): Promise<StoredNotification[]> {
    const values = [provider, correlationIds, LEASE_MS];
    return this.openedEach(await this.database.query<NotificationRow>(CLAIM_ORPHANS, values));
  }

  /** Claims a notification in any state, because an operator wants it applied again. */
  async claimOne(id: string): Promise<StoredNotification | null> {
    return this.openedOne(this.database.query<NotificationRow>(CLAIM_ONE, [id, LEASE_MS]));
  }

  /** Claims a notification that is not applied yet; null: it was applied meanwhile. */
  async claimEarlier(id: string): Promise<StoredNotification | null> {
    return this.openedOne(this.database.query<NotificationRow>(CLAIM_EARLIER, [id, LEASE_MS]));
  }

  /**
   * Counts a failure of a notification that later ones wait for. Returns true when it is given up after too many
   * failures.
   */
  async park(id: string): Promise<boolean> {
    const [row] = await this.database.query<{ parked: boolean }>(PARK, [id]);
    return row?.parked === true;
  }

  /**
   * Finds the earlier notifications about the same transaction that are not applied yet, oldest first. Keys are the ids
   * of the given ones.
   */
  async earlier(mentions: readonly Mention[]): Promise<Map<string, string[]>> {
    const values = [
      mentions.map(({ provider }) => provider),
      mentions.map(({ correlationId }) => correlationId),
      mentions.map(({ id }) => id),
    ];
    type Row = { later: string; id: string };
    const rows = await this.database.prepared<Row>('notification_earlier', EARLIER, values);
    const byLater = new Map<string, string[]>();
    for (const { later, id } of rows) byLater.set(later, [...(byLater.get(later) ?? []), id]);
    return byLater;
  }

  async conclude(id: string, conclusion: Conclusion): Promise<void> {
    await this.conclusions.push({ id, ...conclusion });
  }

  /** Deletes a notification about an erased person. */
  async forget(id: string): Promise<void> {
    await this.database.query(`delete from notifications where id = $1`, [id]);
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

  /** The raw bytes, as text. Personal data. */
  read(sealed: Buffer): string {
    return decodeJson(Buffer.from(this.vault.open(sealed), 'latin1'));
  }

  private opened({ id, provider, correlationId, sealed }: NotificationRow): StoredNotification {
    return { id, provider, correlationId, raw: this.read(sealed) };
  }

  /** A notification that cannot be decrypted does not block the others. */
  private openedEach(rows: readonly NotificationRow[]): StoredNotification[] {
    return rows.flatMap((row) => {
      try {
        return [this.opened(row)];
      } catch (error) {
        const fields = { notificationId: row.id, ...describeError(error) };
        alarm('notification_failed', fields, 'a notification could not be opened');
        return [];
      }
    });
  }

  private async openedOne(rows: Promise<NotificationRow[]>): Promise<StoredNotification | null> {
    const [row] = await rows;
    return row ? this.opened(row) : null;
  }
}

/** null: an orphan. */
function subjectOf(row: ArrivedRow | undefined, provider: string): Subject | null {
  if (!row) return null;
  const { transactionId: id, appId, status, quantity, unit, erasedAt, earlier } = row;
  if (id === null) return { transaction: null, earlier };
  const amount = quantity === null ? null : BigInt(quantity);
  return { transaction: { id, appId, provider, status, quantity: amount, unit, erasedAt }, earlier };
}
