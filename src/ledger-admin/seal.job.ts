import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { ChainBroken, Sealer } from '../ledger/chain/sealer.js';
import { alarm } from '../common/alarm.js';
import { logger } from '../common/log.js';
import { Every } from '../jobs/every.decorator.js';

const TICK_MS = 2_000;

/** Seals the ledger in the background; writers never wait for it. */
@Injectable()
export class SealJob {
  private readonly sealer: Sealer;
  private isBroken = false;

  constructor(database: Database) {
    this.sealer = new Sealer(database);
  }

  @Every(TICK_MS)
  async sealAll(ending: AbortSignal): Promise<void> {
    try {
      while (!ending.aborted && (await this.sealOnce()));
    } catch (error) {
      if (!(error instanceof ChainBroken)) throw error;
      this.stop(error);
    }
  }

  /** True when more rows wait. Rows that arrive meanwhile wait for the next run: under load there are always more. */
  private async sealOnce(): Promise<boolean> {
    const seal = await this.sealer.seal();
    if (!seal) return false;
    // The log keeps the hash out of reach of an attacker who can change the database.
    logger.info({ no: Number(seal.no), rows: seal.rows, hash: seal.hash.toString('hex') }, 'ledger sealed');
    return seal.hasMore;
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
