import { Controller, Param, Post } from '@nestjs/common';
import { Caller, Operator, type OperatorCaller } from '../access/index.js';
import { Database } from '../database/database.js';
import { erasePersonal } from '../ledger/erase.js';
import { LedgerReader } from '../ledger/reader.js';
import type { Transaction } from '../ledger/transaction.js';
import { Problem } from '../problem.js';
import { AuditedActs } from './audited-acts.js';
import { ChangesTransaction } from './docs.js';
import { TransactionDto } from './transaction.dto.js';

/** How administrators erase what is known of a person. */
@Controller('v1/admin/transactions/:id')
@Operator('admin')
export class ErasureController {
  constructor(
    private readonly database: Database,
    private readonly reader: LedgerReader,
    private readonly audited: AuditedActs,
  ) {}

  /**
   * Erase the personal data of an ended transaction, and of all others of the same pass, for good. Amounts, references
   * and the timeline stay; what was personal is read as null.
   */
  @Post('erase')
  @ChangesTransaction()
  async erase(@Param('id') id: string, @Caller() caller: OperatorCaller): Promise<TransactionDto> {
    return this.audited.run(id, caller, 'erase', (transaction) => this.destroy(transaction));
  }

  private async destroy(transaction: Transaction): Promise<Transaction> {
    if (!(await erasePersonal(this.database, transaction))) {
      throw new Problem('invalid_state', 'Only what has ended can be erased, and all transactions of the same pass.');
    }
    const erased = await this.reader.find(transaction.id, transaction.appId);
    if (!erased) throw new Error('a transaction has vanished');
    return erased;
  }
}
