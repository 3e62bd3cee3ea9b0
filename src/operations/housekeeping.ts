import { Injectable } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { Database } from '../database/database.js';
import { FIRST_ID, forgetOldKeys } from '../ledger/forget-keys.js';
import { foldOpenCounts } from '../ledger/open-counts.js';
import { analyseOutgrown } from '../ledger/statistics.js';
import { describeError, logger } from '../log.js';

const KEYS_MS = 10 * 60_000;
const STATISTICS_MS = 5_000;
const COUNTS_MS = 2_000;

/** What has to be tidied up now and then; several instances may do it at the same time. */
@Injectable()
export class Housekeeping {
  /** Up to here it is done already; a new process begins anew. */
  private reached = FIRST_ID;

  constructor(private readonly database: Database) {}

  @Interval(STATISTICS_MS)
  async keepStatistics(): Promise<void> {
    try {
      await analyseOutgrown(this.database);
    } catch (error) {
      logger.warn(describeError(error), 'the statistics of the tables could not be renewed');
    }
  }

  @Interval(COUNTS_MS)
  async foldCounts(): Promise<void> {
    try {
      await foldOpenCounts(this.database);
    } catch (error) {
      logger.warn(describeError(error), 'the counts of open transactions could not be folded; the next run does it');
    }
  }

  @Interval(KEYS_MS)
  async forgetKeys(): Promise<void> {
    try {
      for (;;) {
        const last = await forgetOldKeys(this.database, this.reached);
        if (last === null) return;
        this.reached = last;
      }
    } catch (error) {
      logger.warn(describeError(error), 'old idempotency keys could not be freed; the next run does it');
    }
  }
}
