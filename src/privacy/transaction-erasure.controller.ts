import { Controller, Param, Post } from '@nestjs/common';
import type { PoolClient } from 'pg';
import { Caller, Operator, type OperatorCaller } from '../access/index.js';
import { Database } from '../database/database.js';
import { blockPersonal } from '../ledger/writes/erase.js';
import { LedgerReader } from '../ledger/reads/ledger-reader.service.js';
import type { Transaction } from '../ledger/model/transaction.js';
import { Problem } from '../common/problem.js';
import { AuditedAction } from '../operations/resolution/audited-action.service.js';
import { ChangesTransaction } from '../operations/transactions/transaction.decorators.js';
import { TransactionDto } from '../operations/transactions/transaction.dto.js';
import { erasePersonalData } from './erase-personal-data.js';

/** Administrators block or erase the personal data of a transaction. */
@Controller('v1/admin/transactions/:id')
@Operator('admin')
export class ErasureController {
  constructor(
    private readonly database: Database,
    private readonly reader: LedgerReader,
    private readonly audited: AuditedAction,
  ) {}

  /**
   * Block the personal data of a final transaction and of all others of the same resource (e.g. a pass): only
   * administrators can read it, for legal claims. It is erased after `RETENTION_BLOCKED_DAYS`. This cannot be undone.
   */
  @Post('block')
  @ChangesTransaction()
  async block(@Param('id') id: string, @Caller() caller: OperatorCaller): Promise<TransactionDto> {
    return this.audited.run(id, caller, 'block', (transaction) => this.end(transaction, blockPersonal));
  }

  /**
   * Permanently erase the personal data of a final transaction and of all others of the same resource (e.g. a pass).
   * Amounts, references and the timeline are kept; personal members become null.
   */
  @Post('erase')
  @ChangesTransaction()
  async erase(@Param('id') id: string, @Caller() caller: OperatorCaller): Promise<TransactionDto> {
    return this.audited.run(id, caller, 'erase', (transaction) => this.end(transaction, erasePersonalData));
  }

  private async end(
    transaction: Transaction,
    act: (client: PoolClient, ids: readonly string[]) => Promise<string[]>,
  ): Promise<Transaction> {
    const done = await this.database.transaction((client) => act(client, [transaction.id]));
    if (!done.includes(transaction.id)) {
      throw new Problem(
        'invalid_state',
        'Only final transactions can be blocked or erased, and all transactions of the same resource (e.g. a pass) must be final.',
      );
    }
    return this.reader.require(transaction);
  }
}
