import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { newUuid } from '../../common/ids.js';
import type { Transaction } from '../../ledger/model/transaction.js';
import { Problem } from '../../common/problem.js';
import { ManualResolution, type Resolution } from './manual-resolution.service.js';

export interface Proposal extends Resolution {
  readonly id: string;
  readonly proposedBy: string;
  readonly proposedAt: Date;
}

const PROPOSE = `
insert into resolution_proposals (id, transaction_id, outcome, evidence, reason, proposed_by)
values ($1, $2, $3, $4, $5, $6) on conflict (transaction_id) where decision is null do nothing returning id`;

const OPEN = `
select id, outcome, evidence, reason, proposed_by as "proposedBy", proposed_at as "proposedAt"
from resolution_proposals where transaction_id = $1 and decision is null`;

const DECIDE = `
update resolution_proposals set decision = $2, decided_by = $3, decided_at = now()
where id = $1 and decision is null returning id`;

/** With `REQUIRE_SECOND_OPERATOR`, a resolution waits here until an operator other than its author approves it. */
@Injectable()
export class Proposals {
  constructor(
    private readonly database: Database,
    private readonly resolution: ManualResolution,
  ) {}

  /** @throws Problem `invalid_state` when it cannot be resolved, or has a proposal already */
  async propose(transaction: Transaction, resolution: Resolution, by: string): Promise<void> {
    this.resolution.assertResolvable(transaction);
    const { outcome, evidence, reason } = resolution;
    const rows = await this.database.query(PROPOSE, [newUuid(), transaction.id, outcome, evidence, reason, by]);
    if (rows.length > 0) return;
    throw new Problem('invalid_state', 'A resolution is already proposed: approve or reject it first.');
  }

  /** The proposal that waits for a second operator; null: none. */
  async open(transactionId: string): Promise<Proposal | null> {
    return (await this.database.query<Proposal>(OPEN, [transactionId]))[0] ?? null;
  }

  /** @throws Problem `forbidden` for the author, `invalid_state` when nothing is proposed */
  async approve(transaction: Transaction, by: string): Promise<Transaction> {
    const proposal = await this.required(transaction);
    if (proposal.proposedBy === by) {
      throw new Problem('forbidden', 'A different operator must approve the resolution.');
    }
    // Before the ledger: a proposal that is rejected at the same moment is not carried out. If this process ends here,
    // the transaction has not changed and can be proposed again.
    await this.decide(proposal, 'approved', by);
    return this.resolution.resolve(transaction, proposal, `${proposal.proposedBy}, ${by}`);
  }

  /** The author may reject it too. @throws Problem `invalid_state` when nothing is proposed */
  async reject(transaction: Transaction, by: string): Promise<Transaction> {
    const proposal = await this.required(transaction);
    await this.decide(proposal, 'rejected', by);
    return transaction;
  }

  private async decide(proposal: Proposal, decision: 'approved' | 'rejected', by: string): Promise<void> {
    const rows = await this.database.query(DECIDE, [proposal.id, decision, by]);
    if (rows.length === 0) throw new Problem('invalid_state', 'Another operator has just decided on this proposal.');
  }

  private async required(transaction: Transaction): Promise<Proposal> {
    const proposal = await this.open(transaction.id);
    if (!proposal) throw new Problem('invalid_state', 'No resolution is proposed for this transaction.');
    return proposal;
  }
}
