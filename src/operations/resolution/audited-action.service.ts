import { Injectable } from '@nestjs/common';
import { Audit, type OperatorCaller } from '../../access/index.js';
import type { Transaction } from '../../ledger/model/transaction.js';
import { TransactionLookup } from '../transactions/transaction-lookup.service.js';
import { MASKED, Presenter } from '../transactions/transaction.presenter.js';
import type { TransactionDto } from '../transactions/transaction.dto.js';

/** Runs an operator's action on one transaction, and writes it into the audit log. */
@Injectable()
export class AuditedAction {
  constructor(
    private readonly lookup: TransactionLookup,
    private readonly presenter: Presenter,
    private readonly audit: Audit,
  ) {}

  /** @throws Problem `not_found`, and the errors of the action */
  async run(
    id: string,
    caller: OperatorCaller,
    verb: string,
    does: (transaction: Transaction, actor: string) => Promise<Transaction>,
    detail: Record<string, string> = {},
  ): Promise<TransactionDto> {
    const transaction = await this.lookup.any(id);
    // Before the action: the audit log may have an action that failed, but never lacks one that happened.
    await this.audit.record(caller, `transaction.${verb}`, id, detail);
    const changed = await does(transaction, `operator:${caller.username}`);
    return this.presenter.transaction(changed, MASKED);
  }
}
