import { Injectable } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { Database } from '../database/database.js';
import { ChainBroken, Sealer } from '../ledger/chain/sealer.service.js';
import { alarm } from '../common/alarm.js';
import { describeError, logger } from '../common/log.js';

const TICK_MS = 2_000;

/** Seals the ledger in the background; writers never wait for it. */
@Injectable()
export class SealJob {
  private readonly sealer: Sealer;
  private busy = false;
  private isBroken = false;

  constructor(database: Database) {
    this.sealer = new Sealer(database);
  }

  @Interval(TICK_MS)
  async tick(): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    try {
      for (;;) {
        const seal = await this.sealer.seal();
        if (!seal) return;
        // The log keeps the hash out of reach of an attacker who can change the database.
        logger.info({ no: Number(seal.no), rows: seal.rows, hash: seal.hash.toString('hex') }, 'ledger sealed');
        // Rows that arrived meanwhile wait for the next tick: under load there would always be a few more.
        if (!seal.hasMore) return;
      }
    } catch (error) {
      if (error instanceof ChainBroken) return this.stop(error);
      logger.warn(describeError(error), 'the ledger could not be sealed; the next run tries again');
    } finally {
      this.busy = false;
    }
  }
  /** Stops sealing until an operator has checked the chain. A restarted process accepts the chain as it is then. */
  private stop({ message }: ChainBroken): void {
    if (this.isBroken) return;
    this.isBroken = true;
    alarm(
      'ledger_chain_broken',
      { reason: message },
      'the chain of seals was cut off or rewritten: sealing has stopped',
    );
  }
}
