import { Injectable } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { Database } from '../database/database.js';
import { foldOpenCounts } from '../ledger/reads/open-counts.js';
import { analyzeOutgrown } from '../ledger/maintenance/analyze.js';
import { describeError, logger } from '../common/log.js';

const STATISTICS_MS = 5_000;
const COUNTS_MS = 2_000;

/** Regular maintenance of ledger tables. Several instances may run it at the same time. */
@Injectable()
export class MaintenanceJob {
  constructor(private readonly database: Database) {}

  @Interval(STATISTICS_MS)
  async keepStatistics(): Promise<void> {
    try {
      await analyzeOutgrown(this.database);
    } catch (error) {
      logger.warn(describeError(error), 'the table statistics could not be refreshed');
    }
  }

  @Interval(COUNTS_MS)
  async foldCounts(): Promise<void> {
    try {
      await foldOpenCounts(this.database);
    } catch (error) {
      logger.warn(
        describeError(error),
        'the counts of open transactions could not be folded; the next run tries again',
      );
    }
  }
}
