import { Injectable } from '@nestjs/common';
import { alarm } from '../common/alarm.js';
import { newUuid } from '../common/ids.js';
import { describeError } from '../common/log.js';
import { metrics } from '../common/metrics.js';
import { Problem } from '../common/problem.js';
import type { NotificationReading } from '../connector/connector.js';
import { Database, isUnavailable } from '../database/database.js';
import { Ledger } from '../ledger/ledger.service.js';
import { isFinal } from '../ledger/model/status-transitions.js';
import type { JsonObject } from '../ledger/model/transaction.js';
import { ConnectorRegistry } from '../operations/connector-registry.service.js';
import { openContradiction } from '../reconciliation/breaks/contradiction.js';
import { Inbox } from './inbox.service.js';
import type { NotificationState, StoredNotification, Subject, Target } from './notification.js';
import { readNotification } from './reading.js';
import { TransactionMatcher } from './transaction-matcher.service.js';

const MAX_RACES = 5;

/** Data of a notification that is known from storing it. */
interface Known {
  readonly reading: NotificationReading;
  readonly subject: Subject;
}

type Reading = Exclude<NotificationReading, { kind: 'unreadable' }>;

/** Applies stored notifications to the ledger, after the sender was answered. */
@Injectable()
export class NotificationApplier {
  constructor(
    private readonly inbox: Inbox,
    private readonly ledger: Ledger,
    private readonly matcher: TransactionMatcher,
    private readonly registry: ConnectorRegistry,
    private readonly database: Database,
  ) {}

  /**
   * Never throws: a notification that fails is claimed again when its lease ends. `known` saves reading and look-up.
   */
  async apply(notification: StoredNotification, known: Known | null = null): Promise<void> {
    try {
      await this.applyNow(notification, known);
    } catch (error) {
      const fields = { notificationId: notification.id, ...describeError(error) };
      alarm('notification_failed', fields, 'a notification could not be applied yet');
    }
  }

  private async applyNow(notification: StoredNotification, known: Known | null): Promise<void> {
    const reading = known?.reading ?? readNotification(this.registry, notification.provider, notification.raw);
    if (reading.kind === 'unreadable') await this.unreadable(notification, reading.reason);
    else await this.applyReading(notification, reading, known?.subject);
  }

  private async unreadable(notification: StoredNotification, reason: string): Promise<void> {
    alarm('unreadable_notification', { notificationId: notification.id, reason }, 'a notification could not be read');
    await this.conclude(notification, 'unreadable', null, null);
  }

  private async applyReading(notification: StoredNotification, reading: Reading, known?: Subject): Promise<void> {
    const { id, provider } = notification;
    const { correlationId } = reading;
    for (let race = 0; race < MAX_RACES; race += 1) {
      const isFirst = race === 0;
      const { transaction, earlier } = (isFirst && known) || (await this.matcher.of({ id, provider, correlationId }));
      // The transaction may not have its correlationId yet: a notification can be faster than the response to our POST.
      if (!transaction) return this.conclude(notification, 'orphan', correlationId, null);
      // An earlier notification may change the transaction, so it is read again.
      if (isFirst && (await this.applyEarlier(earlier))) continue;
      const state = await this.applyTo(transaction, notification, reading);
      // A notification about an erased person is not kept; before it is deleted, it is compared with the ledger.
      if (state && transaction.erasedAt !== null) return this.inbox.forget(notification.id);
      if (state === 'moved') return metrics.notifications.inc({ outcome: 'applied' });
      if (state) return this.conclude(notification, state, correlationId, transaction.id);
    }
    throw new Error('the transaction changed before each write');
  }

  /**
   * Applies earlier notifications first. When two final results contradict each other, the one that arrived first
   * stands, even if its process ended before it was applied. Throws when an earlier one cannot be applied: later ones
   * wait for it until it is parked.
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

  /** True when an earlier one is given up. Its content stays unknown, so the first result that can be read stands. */
  private async parks(notificationId: string, error: unknown): Promise<boolean> {
    // An unavailable or overloaded database says nothing about the notification.
    if (isUnavailable(error) || error instanceof Problem) return false;
    const isParked = await this.inbox.park(notificationId);
    if (!isParked) return false;
    alarm('notification_parked', { notificationId, ...describeError(error) }, 'a notification kept failing');
    metrics.notifications.inc({ outcome: 'unreadable' });
    return true;
  }

  /** null: another writer changed the transaction first; read it again. `moved`: the commit also concluded it. */
  private async applyTo(
    transaction: Target,
    notification: StoredNotification,
    reading: Reading,
  ): Promise<NotificationState | 'moved' | null> {
    if (reading.kind === 'not-final') {
      const fields = { notificationId: notification.id, transactionId: transaction.id };
      alarm('unknown_notification_status', fields, 'a notification has an unknown status');
      const moved = await this.settle(transaction, notification, null, { note: 'a status that is not final' });
      return moved ? 'moved' : null;
    }
    const to = reading.outcome.kind === 'succeeded' ? 'succeeded' : 'failed';
    if (transaction.status === to) return 'applied';
    if (isFinal(transaction.status)) return this.contradiction(transaction, notification, to);
    const moved = await this.settle(transaction, notification, reading.outcome, {});
    return moved ? 'moved' : null;
  }

  private async settle(
    transaction: Target,
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

  /** The first final status stands: nothing is reversed automatically, and an operator is alerted. */
  private async contradiction(
    transaction: Target,
    notification: StoredNotification,
    said: string,
  ): Promise<NotificationState> {
    const fields = { notificationId: notification.id, transactionId: transaction.id, said };
    alarm('contradiction', fields, 'a notification contradicts a final status');
    const { id: notificationId, provider } = notification;
    await openContradiction(this.database, { provider, notificationId, transaction, reportedStatus: said });
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
