import { Injectable } from '@nestjs/common';
import { parseId } from '../../common/ids.js';
import { LedgerReader } from '../../ledger/reads/ledger-reader.service.js';
import type { Transaction } from '../../ledger/model/transaction.js';
import { Problem } from '../../common/problem.js';
import { TransactionWatcher } from '../../ledger/reads/transaction-watcher.service.js';

/** Finds a transaction by its public id for those who may see it. */
@Injectable()
export class TransactionLookup {
  constructor(
    private readonly reader: LedgerReader,
    private readonly watcher: TransactionWatcher,
  ) {}

  /**
   * An app's own transaction; with `waitMs`, as soon as it changes.
   * @throws Problem `not_found`, also for another app's transaction and for one of another type
   */
  async own(
    appId: string,
    id: string,
    options: { waitMs?: number; types?: readonly string[] } = {},
  ): Promise<Transaction> {
    const found = await this.byId(id, appId);
    if (options.types && !options.types.includes(found.type)) throw Problem.notFound('transaction');
    return this.watcher.untilChange(found, options.waitMs ?? 0);
  }

  /** Any app's transaction: for operators. @throws Problem `not_found` */
  async any(id: string): Promise<Transaction> {
    return this.byId(id, null);
  }

  private async byId(id: string, appId: string | null): Promise<Transaction> {
    const uuid = parseId('txn', id);
    const found = uuid === null ? null : await this.reader.find(uuid, appId);
    if (!found) throw Problem.notFound('transaction');
    return found;
  }
}
