import { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import type { TransactionFilter } from '../../ledger/reads/ledger-reader.service.js';
import { LedgerReader } from '../../ledger/reads/ledger-reader.service.js';
import type { Transaction } from '../../ledger/model/transaction.js';
import { describeError, logger } from '../../common/log.js';
import type { ExportFormat } from './export-format.js';
import { MASKED, Presenter } from './transaction.presenter.js';

/** Rows per statement, and in memory at a time. No database transaction stays open while a slow client reads. */
const PAGE_ROWS = 1_000;

/** Streams all transactions that match a filter, newest first, as fast as the client reads. */
@Injectable()
export class TransactionExport {
  constructor(
    private readonly reader: LedgerReader,
    private readonly presenter: Presenter,
  ) {}

  /**
   * Personal data is masked and QR data left out, also for the owner: files are passed on. Transactions that are recorded
   * meanwhile are not included. If the database fails, the stream and the response fail.
   *
   * @throws before anything is sent, when the first page cannot be read
   */
  async begin(filter: TransactionFilter, format: ExportFormat): Promise<Readable> {
    const first = await this.page(filter, null);
    // At most one part waits for the client.
    return Readable.from(this.parts(first, filter, format), { objectMode: false, highWaterMark: 1 });
  }

  private async *parts(first: Transaction[], filter: TransactionFilter, format: ExportFormat): AsyncGenerator<Buffer> {
    let rows = 0;
    let isComplete = false;
    try {
      if (format.head !== '') yield Buffer.from(format.head);
      for (let page = first; page.length > 0;) {
        yield Buffer.from(format.write(await this.presenter.transactions(page, MASKED)));
        rows += page.length;
        const last = page.at(-1);
        page = last && page.length === PAGE_ROWS ? await this.page(filter, last.id) : [];
      }
      isComplete = true;
    } catch (error) {
      logger.warn(describeError(error), 'an export broke off');
      throw error;
    } finally {
      logger.info({ rows, isComplete }, 'export');
    }
  }

  private page(filter: TransactionFilter, before: string | null): Promise<Transaction[]> {
    return this.reader.list(filter, { limit: PAGE_ROWS, before });
  }
}
