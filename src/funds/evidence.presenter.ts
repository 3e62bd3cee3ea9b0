import { Injectable } from '@nestjs/common';
import { publicId } from '../common/ids.js';
import type { Transaction } from '../ledger/model/transaction.js';
import { formatQuantity } from '../providers/units.js';
import { LedgerReader } from '../ledger/reads/ledger-reader.service.js';
import { Presenter } from '../operations/transactions/transaction.presenter.js';
import type { ObservedBalance } from './balance-evidence.js';
import { EvidenceFinder } from './evidence-finder.service.js';
import type { EvidenceBalanceDto, EvidenceDto } from './evidence.dto.js';

/** Builds the response that shows the evidence for one transaction. */
@Injectable()
export class EvidencePresenter {
  constructor(
    private readonly finder: EvidenceFinder,
    private readonly reader: LedgerReader,
    private readonly presenter: Presenter,
  ) {}

  async of(transaction: Transaction): Promise<EvidenceDto> {
    const { id, status, quantity, unit, updatedAt } = transaction;
    const { verdict, reasons, before, after } = await this.finder.find(transaction);
    const events = await this.reader.events(id);
    return {
      transactionId: publicId('txn', id),
      status,
      ageSeconds: Math.max(Math.round((Date.now() - updatedAt.getTime()) / 1000), 0),
      quantity: quantity === null || unit === null ? null : formatQuantity(quantity, unit),
      verdict,
      reasons: [...reasons],
      balanceBefore: present(before),
      balanceAfter: present(after),
      events: events.map((event) => this.presenter.event(event)),
    };
  }
}

function present(look: ObservedBalance | null): EvidenceBalanceDto | null {
  return look && { at: look.at.toISOString(), balance: look.balance };
}
