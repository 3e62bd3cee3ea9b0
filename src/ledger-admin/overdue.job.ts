import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { Every } from '../jobs/every.decorator.js';
import { FIRST_ID, noteOverdue } from '../ledger/writes/note-overdue.js';
import { PROVIDERS } from '../providers/declared.js';

const TICK_MS = 10_000;

/**
 * Notes in the timeline that a provider has accepted a transaction a week ago and not finished it; partners receive that
 * event. Each run looks at some hundred of a provider's oldest open transactions, and the next run at those that follow.
 */
@Injectable()
export class OverdueJob {
  /** The last id that was looked at, by provider. */
  private readonly reached = new Map<string, string>();

  constructor(private readonly database: Database) {}

  @Every(TICK_MS)
  async noteNext(): Promise<void> {
    for (const provider of PROVIDERS) {
      const last = await noteOverdue(this.database, provider, this.reached.get(provider) ?? FIRST_ID);
      this.reached.set(provider, last ?? FIRST_ID);
    }
  }
}
