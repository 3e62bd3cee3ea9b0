import { GroupCommit } from '../database/group-commit.js';
import type { LedgerReader } from '../ledger/reads/ledger-reader.service.js';
import { metrics } from '../common/metrics.js';
import type { Inbox, Mention, Subject } from './inbox.service.js';

const MAX_ROWS = 256;
const MAX_WAITING_ROWS = 20_000;
const RETRY_MS = 3_000;

/** Looks up what notifications are about: together for all that ask while a look is under way. */
export class TransactionMatcher {
  private readonly looks: GroupCommit<Mention, Subject>;

  constructor(reader: LedgerReader, inbox: Inbox) {
    this.looks = new GroupCommit<Mention, Subject>({
      write: async (mentions) => {
        const transactions = await reader.findByCorrelations(mentions);
        // Afterwards: what has become an orphan meanwhile has not seen them.
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

  /** @throws Problem `overloaded` while the database cannot be asked */
  of(mention: Mention): Promise<Subject> {
    return this.looks.push(mention);
  }
}
