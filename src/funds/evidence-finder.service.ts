import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import type { Transaction } from '../ledger/model/transaction.js';
import { ConnectorRegistry } from '../operations/connector-registry.service.js';
import { weighEvidence, type Finding, type ObservedBalance, type Purchase } from './balance-evidence.js';

/** The balances around one purchase. It may have been executed between its record and the deadline of its call. */
const BALANCES = `
select begun_at as "begunAt", at, balance::text, transaction_id as "transactionId"
from provider_balances
where provider = $1 and at between $2::timestamptz - interval '1 hour' and $3::timestamptz + interval '1 hour'
order by at, id`;

const PURCHASES = `
select t.id, t.quantity::text as amount, t.status = 'unknown' as "isUnknown", t.created_at as "from",
  case when t.status = 'pending' then '9999-12-31'::timestamptz
    when t.status = 'unknown' then t.updated_at + $4 * interval '1 ms'
    else least(t.completed_at, t.created_at + $4 * interval '1 ms') end as "to"
from transactions t
where t.provider = $1 and t.covered
  and t.created_at between $2::timestamptz - interval '1 day' and $3::timestamptz + interval '1 hour'
  and (t.status in ('succeeded', 'unknown') or t.status = 'pending' and t.attempt_open)`;

const RATES = `
select unit_rate::text as rate from provider_balances
where provider = $1 and unit_rate is not null and rate_counts order by at desc limit 21`;

const FINAL: Readonly<Record<string, Finding['verdict']>> = {
  succeeded: 'proven_delivered',
  failed: 'proven_not_delivered',
  canceled: 'proven_not_delivered',
};

/** Finds the evidence for and against an unknown transaction. The verdict is a proposal and changes nothing. */
@Injectable()
export class EvidenceFinder {
  constructor(
    private readonly database: Database,
    private readonly registry: ConnectorRegistry,
  ) {}

  async find(transaction: Transaction): Promise<Finding> {
    const { provider, status } = transaction;
    const noBalances = { before: null, after: null };
    const final = FINAL[status];
    if (final)
      return { verdict: final, reasons: [`The transaction is final (${status}): see its events.`], ...noBalances };
    if (status !== 'unknown') {
      return { verdict: 'indeterminate', reasons: [`The transaction is not unknown, but ${status}.`], ...noBalances };
    }
    if (!this.registry.find(provider)?.definition.balance) {
      return { verdict: 'indeterminate', reasons: ['This provider has no balance to compare with.'], ...noBalances };
    }
    const { deadlineMs } = this.registry.handler(transaction.type);
    const values = [provider, transaction.createdAt, transaction.updatedAt];
    const [balances, purchases, rates] = await Promise.all([
      this.database.query<ObservedBalance>(BALANCES, values),
      this.database.query<Purchase>(PURCHASES, [...values, deadlineMs]),
      this.database.query<{ rate: string }>(RATES, [provider]),
    ]);
    const subject = purchases.find((one) => one.id === transaction.id);
    if (!subject)
      return { verdict: 'indeterminate', reasons: ['The transaction is not paid from the balance.'], ...noBalances };
    return weighEvidence(subject, { balances: balances, purchases, rates: rates.map(({ rate }) => rate) });
  }
}
