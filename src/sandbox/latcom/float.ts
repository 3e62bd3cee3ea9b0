import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { IsInt, IsString } from 'class-validator';
import { decimal } from '../amounts.js';
import { Journal } from '../journal.js';
import { Report } from '../report.js';
import { type Table } from '../table.js';
import { Purchase } from './purchase.js';
import { LatcomSettings, NAME } from './settings.js';

/** A change of the balance that is not a purchase. */
class Deposit {
  @IsString() id: string;
  @IsInt() cents: number;
}

/** The distributor's balance in US cents: the initial balance, plus deposits, less purchases. */
@Injectable()
export class Float {
  readonly purchases: Table<Purchase>;
  private readonly deposits: Table<Deposit>;
  private cents: number;
  private changedAt = Date.now();
  /** Changes that balance queries do not show yet. */
  private hidden: { readonly at: number; readonly cents: number }[] = [];
  private readonly lagMs: number;

  constructor(settings: LatcomSettings, journal: Journal, report: Report) {
    this.lagMs = settings.balanceLagMs;
    this.purchases = journal.table('purchase', Purchase);
    this.deposits = journal.table('deposit', Deposit);
    const spent = this.purchases.all().reduce((sum, purchase) => sum + purchase.costCents, 0);
    const deposited = this.deposits.all().reduce((sum, deposit) => sum + deposit.cents, 0);
    this.cents = settings.floatCents + deposited - spent;
    journal.onReset(() => {
      this.cents = settings.floatCents;
      this.hidden = [];
    });
    report.add(NAME, this);
  }

  get balanceCents(): number {
    return this.cents;
  }

  /** The balance that a query returns: older than the true one by the lag. */
  get reportedCents(): number {
    this.hidden = this.hidden.filter(({ at }) => at > Date.now() - this.lagMs);
    return this.hidden.reduce((sum, { cents }) => sum - cents, this.cents);
  }

  get lastChangedAt(): number {
    return this.changedAt;
  }

  /** Records the purchase and deducts its cost. */
  spend(purchase: Purchase): void {
    this.purchases.put(purchase);
    this.change(-purchase.costCents);
  }

  /** Changes the balance to this amount by a deposit, which may be negative. */
  setTo(cents: number): void {
    const difference = cents - this.cents;
    this.deposits.put({ id: randomUUID(), cents: difference });
    this.change(difference);
  }

  counters(): Record<string, string> {
    return { balance: decimal(this.cents), currency: 'USD' };
  }

  private change(cents: number): void {
    this.cents += cents;
    this.changedAt = Date.now();
    if (this.lagMs > 0) this.hidden.push({ at: this.changedAt, cents });
  }
}
