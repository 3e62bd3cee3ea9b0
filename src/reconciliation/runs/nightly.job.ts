import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Cron } from '@nestjs/schedule';
import { Database } from '../../database/database.js';
import { describeError, logger } from '../../common/log.js';
import { ConnectorRegistry } from '../../operations/connector-registry.service.js';
import { dayBefore, lastNight, NIGHTLY_CRON } from './nightly-schedule.js';
import { recheckBreaks } from '../breaks/break-recheck.js';
import { Runs } from './runs.service.js';

/** Starts the nightly reconciliations. Of several instances, the first one does it. */
@Injectable()
export class Nightly implements OnApplicationBootstrap {
  constructor(
    private readonly database: Database,
    private readonly runs: Runs,
    private readonly registry: ConnectorRegistry,
  ) {}

  /** Makes up for a night when no instance was running. In a new database no night has been missed. */
  async onApplicationBootstrap(): Promise<void> {
    const latest = await this.runs.latestOfSchedule();
    if (latest !== null && latest < lastNight(new Date())) await this.begin();
  }

  @Cron(NIGHTLY_CRON, { timeZone: 'UTC' })
  async begin(): Promise<void> {
    const { from, to } = dayBefore(lastNight(new Date()));
    try {
      for (const { definition } of this.registry.all()) {
        const provider = definition.name;
        if (definition.operations.some(({ poll }) => poll)) {
          await this.runs.create({ provider, kind: 'status', from: new Date(0), to: from, by: 'gateway' });
        }
        if (definition.balance) await this.runs.create({ provider, kind: 'balance', from, to, by: 'gateway' });
      }
      await recheckBreaks(this.database);
    } catch (error) {
      logger.warn(describeError(error), 'the nightly reconciliation could not be started');
    }
  }
}
