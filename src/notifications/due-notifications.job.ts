import { Injectable } from '@nestjs/common';
import { Every } from '../jobs/every.decorator.js';
import { Ledger } from '../ledger/ledger.service.js';
import { Inbox } from './inbox.service.js';
import { NotificationApplier } from './notification-applier.service.js';
import type { StoredNotification } from './notification.js';

const TICK_MS = 500;
const MAX_CLAIMED_AT_ONCE = 500;

/**
 * Claims and applies stored notifications that are due: orphans whose transaction is known now, failed ones, and those
 * whose process ended before they were applied.
 */
@Injectable()
export class DueNotificationsJob {
  /**
   * New correlationIds by provider since the last run. They only save time: orphans are also checked at growing
   * intervals.
   */
  private readonly correlated = new Map<string, string[]>();

  constructor(
    private readonly inbox: Inbox,
    private readonly applier: NotificationApplier,
    ledger: Ledger,
  ) {
    ledger.changes.on('correlated', (provider, correlationId) => {
      const waiting = this.correlated.get(provider);
      if (waiting) waiting.push(correlationId);
      else this.correlated.set(provider, [correlationId]);
    });
  }

  @Every(TICK_MS)
  async applyDue(): Promise<void> {
    const claimed = await this.claimOrphans();
    claimed.push(...(await this.inbox.claimDue(MAX_CLAIMED_AT_ONCE)));
    await Promise.all(bySubject(claimed).map((group) => this.applyInOrder(group)));
  }

  private async claimOrphans(): Promise<StoredNotification[]> {
    const correlated = [...this.correlated];
    this.correlated.clear();
    const claimed: StoredNotification[] = [];
    for (const [provider, ids] of correlated) claimed.push(...(await this.inbox.claimOrphans(provider, ids)));
    return claimed;
  }

  /** Applies in the order of arrival, because the first of two contradicting final results stands. */
  private async applyInOrder(notifications: readonly StoredNotification[]): Promise<void> {
    const byArrival = notifications.toSorted((one, other) => (one.id < other.id ? -1 : 1));
    for (const notification of byArrival) await this.applier.apply(notification);
  }
}

/** Groups notifications by correlationId. A notification without one is a group of its own. */
function bySubject(notifications: readonly StoredNotification[]): StoredNotification[][] {
  const groups = new Map<string, StoredNotification[]>();
  for (const notification of notifications) {
    const key = notification.correlationId ?? notification.id;
    groups.set(key, [...(groups.get(key) ?? []), notification]);
  }
  return [...groups.values()];
}
