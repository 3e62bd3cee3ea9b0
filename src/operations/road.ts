import { Injectable } from '@nestjs/common';
import type { Transaction } from '../ledger/transaction.js';
import { Problem } from '../problem.js';
import { Drain } from './drain.js';
import type { Draft } from './draft.js';
import { Gate } from './gate.js';
import { ConnectorRegistry, leaseMsOf } from './registry.js';
import { Runner } from './runner.js';

/** Whether and how an operation can go straight on to its provider. */
@Injectable()
export class Road {
  constructor(
    private readonly registry: ConnectorRegistry,
    private readonly runner: Runner,
    private readonly gate: Gate,
    private readonly drain: Drain,
  ) {}

  /** Records and begins; the process does not end in between. @throws Problem `overloaded` while it is shutting down. */
  enter<T>(work: () => Promise<T>): Promise<T> {
    if (!this.drain.isStopping) return this.drain.hold(work);
    throw new Problem('overloaded', 'The gateway is restarting; send the same request again.', {
      retryAfterSeconds: 5,
    });
  }

  /** The lease for an attempt that begins with the record; null: it has to queue in the database. */
  leaseFor(draft: Draft): number | null {
    return this.gate.roomFor(draft.provider) > 0 ? leaseMsOf(this.registry.handler(draft.type)) : null;
  }

  usualMs(draft: Draft): number {
    return this.registry.handler(draft.type).deadlineMs;
  }

  run(transaction: Transaction, leasedAtMs: number): Promise<Transaction> {
    const running = this.runner.run({ transaction, interrupted: false, expired: false, leasedAtMs }, 'interactive');
    // Its end is on record, or its lease ends and another takes over; nobody may be waiting here any more.
    running.catch(() => undefined);
    return running;
  }
}
