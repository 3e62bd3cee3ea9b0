import { Injectable } from '@nestjs/common';
import { clockSkewMs, MAX_CLOCK_SKEW_MS } from '../../database/clock.js';
import { Database } from '../../database/database.js';
import { alarm } from '../../common/alarm.js';
import { metrics } from '../../common/metrics.js';
import { Every } from '../../jobs/every.decorator.js';

const CHECK_MS = 10_000;

/** Compares this machine's clock with the database's. While they differ by more than two seconds, nothing is sent. */
@Injectable()
export class ClockSkewJob {
  private skewed = false;

  constructor(private readonly database: Database) {}

  get isSkewed(): boolean {
    return this.skewed;
  }

  /** A failure keeps the last result: without the database nothing is sent anyway. */
  @Every(CHECK_MS)
  async check(): Promise<void> {
    const skewMs = await clockSkewMs(this.database);
    metrics.clockSkewSeconds.set(skewMs / 1000);
    this.skewed = Math.abs(skewMs) > MAX_CLOCK_SKEW_MS;
    if (!this.skewed) return;
    const text = "this machine's clock differs from the database's: nothing is sent";
    alarm('clock_skew', { skewMs: Math.round(skewMs) }, text);
  }
}
