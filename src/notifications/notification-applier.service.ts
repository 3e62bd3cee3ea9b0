import { Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { alarm } from '../common/alarm.js';
import { Database, isUnavailable } from '../database/database.js';
import { newUuid } from '../common/ids.js';
import { Ledger } from '../ledger/ledger.service.js';
import { isFinal } from '../ledger/model/status-transitions.js';
import { LedgerReader } from '../ledger/reads/ledger-reader.service.js';
import type { JsonObject } from '../ledger/model/transaction.js';
import { describeError, logger } from '../common/log.js';
import { metrics } from '../common/metrics.js';
import { ConnectorRegistry } from '../operations/connector-registry.service.js';
import { Problem } from '../common/problem.js';
import type { NotificationReading } from '../connector/connector.js';
import { decodeJson } from '../readers/json-text.js';
import { openContradiction } from '../reconciliation/breaks/contradiction.js';
import { TransactionMatcher } from './transaction-matcher.js';
import { Inbox, type Meant, type NotificationState, type StoredNotification, type Subject } from './inbox.service.js';

const TICK_MS = 500;
const MAX_CLAIMED_AT_ONCE = 500;
const MAX_RACES = 5;

/** What was found out about a notification when it was stored. */
interface Seen {
  readonly reading: NotificationReading;
  readonly subject: Subject;
}

type Reading = Exclude<NotificationReading, { kind: 'unreadable' }>;

/** Turns stored notifications into moves of the ledger, after the sender has been answered. */
@Injectable()
export class NotificationApplier implements BeforeApplicationShutdown {
  private readonly matcher: TransactionMatcher;
  private ticking = false;
  private stopping = false;
  /** By provider, since the last tick. A hint only: an orphan is looked at again anyway, later and later. */
  private readonly correlated = new Map<string, string[]>();

  constructor(
    private readonly inbox: Inbox,
    private readonly ledger: Ledger,
    reader: LedgerReader,
    private readonly registry: ConnectorRegistry,
    private readonly database: Database,
  ) {
    this.matcher = new TransactionMatcher(reader, inbox);
    ledger.changes.on('correlated', (provider, correlationId) => {
      const waiting = this.correlated.get(provider);
      if (waiting) waiting.push(correlationId);
      else this.correlated.set(provider, [correlationId]);
    });
  }

  beforeApplicationShutdown(): void {
    this.stopping = true;
  }

  /** Resolves when it is stored durably; it is applied afterwards. */
  async receive(provider: string, bytes: Buffer): Promise<void> {
    const reading = this.read(provider, decodeJson(bytes));
    const correlationId = reading.kind === 'unreadable' ? null : reading.correlationId;
    const arrived = await this.inbox.store({ provider, bytes, correlationId });
    if (arrived) setImmediate(() => void this.apply(arrived.notification, { reading, subject: arrived.subject }));
    else metrics.notifications.inc({ outcome: 'orphan' });
  }

  /** Never throws: what fails here is taken up again when its lease ends. `seen` when it was stored is not looked at again. */
  async apply(notification: StoredNotification, seen: Seen | null = null): Promise<void> {
    try {
      await this.applyNow(notification, seen);
    } catch (error) {
      const fields = { notificationId: notification.id, ...describeError(error) };
      alarm('notification_failed', fields, 'a notification could not be applied yet');
    }
  }

  private async applyNow(notification: StoredNotification, seen: Seen | null): Promise<void> {
    const reading = seen?.reading ?? this.read(notification.provider, notification.raw);
    if (reading.kind === 'unreadable') await this.unreadable(notification, reading.reason);
    else await this.applyReading(notification, reading, seen?.subject);
  }

  @Interval(TICK_MS)
  async tick(): Promise<void> {
    if (this.ticking || this.stopping) return;
    this.ticking = true;
    try {
      const claimed = await this.claimOrphans();
      claimed.push(...(await this.inbox.claimDue(MAX_CLAIMED_AT_ONCE)));
      await Promise.all(byAccrual(claimed).map((group) => this.applyInOrder(group)));
    } catch (error) {
      logger.error({ ...describeError(error) }, 'due notifications could not be read');
    } finally {
      this.ticking = false;
    }
  }

  private async claimOrphans(): Promise<StoredNotification[]> {
    const correlated = [...this.correlated];
    this.correlated.clear();
    const claimed: StoredNotification[] = [];
    for (const [provider, ids] of correlated) claimed.push(...(await this.inbox.claimOrphans(provider, ids)));
    return claimed;
  }

  private read(provider: string, raw: string): NotificationReading {
    const reading = this.registry.find(provider)?.definition.readNotification?.(raw);
    return reading ?? { kind: 'unreadable', reason: 'nobody reads it' };
  }

  /** What is about the same accrual, as it came: of two ends that contradict each other the first one stands. */
  private async applyInOrder(notifications: readonly StoredNotification[]): Promise<void> {
    const byArrival = notifications.toSorted((one, other) => (one.id < other.id ? -1 : 1));
    for (const notification of byArrival) await this.apply(notification);
  }

  private async unreadable(notification: StoredNotification, reason: string): Promise<void> {
    alarm('unreadable_notification', { notificationId: notification.id, reason }, 'a notification could not be read');
    await this.conclude(notification, 'unreadable', null, null);
  }

  private async applyReading(notification: StoredNotification, reading: Reading, seen?: Subject): Promise<void> {
    const { id, provider } = notification;
    const { correlationId } = reading;
    for (let race = 0; race < MAX_RACES; race += 1) {
      const isFirst = race === 0;
      const { transaction, earlier } = (isFirst && seen) || (await this.matcher.of({ id, provider, correlationId }));
      // Its transaction may not know its correlationId yet: the notification can be faster than the answer to our POST.
      if (!transaction) return this.conclude(notification, 'orphan', correlationId, null);
      // What is applied first may change it, so it is looked at again.
      if (isFirst && (await this.applyEarlier(earlier))) continue;
      const state = await this.applyTo(transaction, notification, reading);
      // A notification about an erased person is not kept either; until then it is looked at again.
      if (state && transaction.erasedAt !== null) return this.inbox.forget(notification.id);
      if (state === 'moved') return metrics.notifications.inc({ outcome: 'applied' });
      if (state) return this.conclude(notification, state, correlationId, transaction.id);
    }
    throw new Error('the transaction changed each time it was looked at');
  }

  /**
   * Of two ends that contradict each other the one that came first stands, also when the later one is looked at first: the
   * earlier one was acknowledged, and the process that had it in hand may be gone. Throws when one cannot be applied:
   * what came later waits for it, until it is parked.
   */
  private async applyEarlier(earlier: readonly string[]): Promise<boolean> {
    for (const one of earlier) {
      try {
        const claimed = await this.inbox.claimEarlier(one);
        if (claimed) await this.applyNow(claimed, null);
      } catch (error) {
        if (!(await this.parks(one, error))) throw error;
      }
    }
    return earlier.length > 0;
  }

  /** True when an earlier one is given up. Its content is unknown then, so the first end that can be read stands. */
  private async parks(notificationId: string, error: unknown): Promise<boolean> {
    // The database was away or overloaded: that is no fault of the notification.
    if (isUnavailable(error) || error instanceof Problem) return false;
    const isParked = await this.inbox.park(notificationId);
    if (!isParked) return false;
    alarm('notification_parked', { notificationId, ...describeError(error) }, 'a notification kept failing');
    metrics.notifications.inc({ outcome: 'unreadable' });
    return true;
  }

  /** null: another writer changed the transaction meanwhile; look again. `moved`: and so it is concluded already. */
  private async applyTo(
    transaction: Meant,
    notification: StoredNotification,
    reading: Reading,
  ): Promise<NotificationState | 'moved' | null> {
    if (reading.kind === 'not-final') {
      const fields = { notificationId: notification.id, transactionId: transaction.id };
      alarm('unknown_notification_status', fields, 'a notification has an unknown status');
      const moved = await this.write(transaction, notification, null, { note: 'a status that is not final' });
      return moved ? 'moved' : null;
    }
    const to = reading.outcome.kind === 'succeeded' ? 'succeeded' : 'failed';
    if (transaction.status === to) return 'applied';
    if (isFinal(transaction.status)) return this.contradiction(transaction, notification, to);
    const moved = await this.write(transaction, notification, reading.outcome, {});
    return moved ? 'moved' : null;
  }

  private async write(
    transaction: Meant,
    notification: StoredNotification,
    outcome: Extract<Reading, { kind: 'final' }>['outcome'] | null,
    note: JsonObject,
  ): Promise<boolean> {
    const settled = await this.ledger.settle(transaction, {
      epoch: null,
      keepsLease: true,
      to: outcome === null ? null : outcome.kind === 'succeeded' ? 'succeeded' : 'failed',
      ...(outcome?.kind === 'succeeded' && { providerReference: outcome.providerReference }),
      ...(outcome?.kind === 'declined' && { failure: outcome.failure }),
      dueInMs: null,
      actor: notification.provider,
      evidence: 'notification',
      eventDetail: { ...note, notificationId: notification.id },
      notificationId: notification.id,
      eventId: newUuid(),
    });
    return settled.moved;
  }

  /** The first final state stands: nothing is reversed by itself, and a person gets to know. */
  private async contradiction(
    transaction: Meant,
    notification: StoredNotification,
    said: string,
  ): Promise<NotificationState> {
    const fields = { notificationId: notification.id, transactionId: transaction.id, said };
    alarm('contradiction', fields, 'a notification contradicts a final status');
    const { id: notificationId, provider } = notification;
    await openContradiction(this.database, { provider, notificationId, transaction, said });
    return 'contradiction';
  }

  private async conclude(
    { id }: StoredNotification,
    state: NotificationState,
    correlationId: string | null,
    transactionId: string | null,
  ): Promise<void> {
    await this.inbox.conclude(id, { state, correlationId, transactionId });
    metrics.notifications.inc({ outcome: state });
  }
}

/** Grouped by what they are about; what nobody has read yet is a group of its own. */
function byAccrual(notifications: readonly StoredNotification[]): StoredNotification[][] {
  const groups = new Map<string, StoredNotification[]>();
  for (const notification of notifications) {
    const key = notification.correlationId ?? notification.id;
    groups.set(key, [...(groups.get(key) ?? []), notification]);
  }
  return [...groups.values()];
}
