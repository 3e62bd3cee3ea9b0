import { Injectable } from '@nestjs/common';
import type { Claim } from '../../ledger/writes/claim.js';
import type { Transaction } from '../../ledger/model/transaction.js';
import { Problem } from '../../common/problem.js';
import { Drain } from './drain.service.js';
import type { Draft } from '../submission/draft.js';
import { ProviderCapacity } from './provider-capacity.js';
import { BacklogEstimate } from './backlog-estimate.service.js';
import { ConnectorRegistry, leaseMsOf } from '../connector-registry.service.js';
import { Runner } from './attempt-runner.service.js';
import { reportUnwritten } from './unwritten.js';

/** What queues is looked at so often, and then called. */
const SOON_MS = 2_000;

/** Whether and how an operation can go straight on to its provider. */
@Injectable()
export class SendAdmission {
  constructor(
    private readonly registry: ConnectorRegistry,
    private readonly runner: Runner,
    private readonly capacity: ProviderCapacity,
    private readonly drain: Drain,
    private readonly backlog: BacklogEstimate,
  ) {}

  /** Records and begins; the process does not end in between. @throws Problem `overloaded` while it is shutting down. */
  enter<T>(work: () => Promise<T>): Promise<T> {
    if (!this.drain.isStopping) return this.drain.hold(work);
    throw new Problem('overloaded', 'The gateway is restarting; send the same request again.', {
      retryAfterSeconds: 5,
    });
  }

  /** The lease for an attempt that begins with the record; null: it has to queue in the database. */
  leaseFor({ provider, type }: Draft): number | null {
    const handler = this.registry.handler(type);
    // Where others wait for a permit it waits with them, and goes with them.
    if (handler.batch && this.backlog.isCrowded(provider)) return null;
    return this.capacity.roomFor(provider) > 0 ? leaseMsOf(handler) : null;
  }

  /** When its end is to be expected, in milliseconds; `queued`: it does not begin at once. */
  async expectedMs({ provider, type }: Draft, queued: boolean): Promise<number> {
    const usualMs = this.registry.handler(type).deadlineMs;
    return queued && this.backlog.isCrowded(provider)
      ? Math.max(await this.backlog.drainMs(provider), SOON_MS)
      : usualMs;
  }

  run(transaction: Transaction, begun: Pick<Claim, 'leasedAtMs' | 'isCovered' | 'body'>): Promise<Transaction> {
    const { batch } = this.registry.handler(transaction.type);
    const lane = batch && batch.size > 0 ? 'alone' : 'interactive';
    const running = this.runner.run({ transaction, interrupted: false, expired: false, ...begun }, lane);
    // No caller may be waiting here any more.
    running.catch((error: unknown) => reportUnwritten(transaction, error));
    return running;
  }
}
