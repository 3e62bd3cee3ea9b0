import { Injectable } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { clockSkewMs, MAX_CLOCK_SKEW_MS } from '../../database/clock.js';
import { Database } from '../../database/database.js';
import { alarm } from '../../common/alarm.js';
import { describeError, logger } from '../../common/log.js';
import { metrics } from '../../common/metrics.js';

const CHECK_MS = 10_000;

/** The database's clock decides; while this machine's differs by more than two seconds, it sends nothing. */
@Injectable()
export class ClockSkewJob {
  private skewed = false;

  constructor(private readonly database: Database) {}

  get isSkewed(): boolean {
    return this.skewed;
  }

  @Interval(CHECK_MS)
  async check(): Promise<void> {
    try {
      const skewMs = await clockSkewMs(this.database);
      metrics.clockSkewSeconds.set(skewMs / 1000);
      this.skewed = Math.abs(skewMs) > MAX_CLOCK_SKEW_MS;
      if (!this.skewed) return;
      const text = "this machine's clock differs from the database's: nothing is sent";
      alarm('clock_skew', { skewMs: Math.round(skewMs) }, text);
    } catch (error) {
      // Without the database nothing is sent anyway.
      logger.warn(describeError(error), 'the clocks could not be compared');
    }
  }
}
