import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { foldOpenCounts } from '../ledger/reads/open-counts.js';
import { analyzeOutgrown } from '../ledger/maintenance/analyze.js';
import { Every } from '../jobs/every.decorator.js';

const STATISTICS_MS = 5_000;
const COUNTS_MS = 2_000;

/** Regular maintenance of ledger tables. Several instances may run it at the same time. */
@Injectable()
export class MaintenanceJob {
  constructor(private readonly database: Database) {}

  @Every(STATISTICS_MS)
  async keepStatistics(): Promise<void> {
    await analyzeOutgrown(this.database);
  }

  @Every(COUNTS_MS)
  async foldCounts(): Promise<void> {
    await foldOpenCounts(this.database);
  }
}
