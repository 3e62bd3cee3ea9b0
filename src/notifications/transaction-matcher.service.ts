import { Injectable } from '@nestjs/common';
import { metrics } from '../common/metrics.js';
import { GroupCommit } from '../database/group-commit.js';
import { LedgerReader } from '../ledger/reads/ledger-reader.service.js';
import { Inbox } from './inbox.service.js';
import type { Mention, Subject } from './notification.js';

const MAX_ROWS = 256;
const MAX_WAITING_ROWS = 20_000;
const RETRY_MS = 3_000;

/** Finds the transactions that notifications report. Look-ups that arrive during one are combined into the next. */
@Injectable()
export class TransactionMatcher {
  private readonly looks: GroupCommit<Mention, Subject>;

  constructor(reader: LedgerReader, inbox: Inbox) {
    this.looks = new GroupCommit<Mention, Subject>({
      write: async (mentions) => {
        const transactions = await reader.findByCorrelations(mentions);
        // In this order: a notification that became an orphan in between has not seen these transactions.
        const earlier = await inbox.earlier(mentions);
        return mentions.map(({ id }, index) => ({
          transaction: transactions[index] ?? null,
          earlier: earlier.get(id) ?? [],
        }));
      },
      keysOf: () => [],
      maxRows: MAX_ROWS,
      maxWaitingRows: MAX_WAITING_ROWS,
      retryForMs: RETRY_MS,
      onBatch: (rows) => metrics.commitBatchRows.observe({ statement: 'subject' }, rows),
    });
  }

  /** @throws Problem `overloaded` while the database is unavailable */
  of(mention: Mention): Promise<Subject> {
    return this.looks.push(mention);
  }
}
