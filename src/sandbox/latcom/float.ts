import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { IsInt, IsString } from 'class-validator';
import { Journal } from '../journal.js';
import { SETTINGS, type SandboxSettings } from '../settings.js';
import { type Table } from '../table.js';
import { Purchase } from './purchase.js';

/** A change of the balance that is not a purchase. */
class Deposit {
  @IsString() id: string;
  @IsInt() cents: number;
}

/** The distributor's balance in US cents: what it began with, plus deposits, less purchases. */
@Injectable()
export class Float {
  readonly purchases: Table<Purchase>;
  private readonly deposits: Table<Deposit>;
  private cents: number;
  private changedAt = Date.now();
  /** What the balance that is asked for does not show yet. */
  private unseen: { readonly at: number; readonly cents: number }[] = [];
  private readonly lagMs: number;

  constructor(@Inject(SETTINGS) settings: SandboxSettings, journal: Journal) {
    this.lagMs = settings.balanceLagMs;
    this.purchases = journal.table('purchase', Purchase);
    this.deposits = journal.table('deposit', Deposit);
    const spent = this.purchases.all().reduce((sum, purchase) => sum + purchase.costCents, 0);
    const deposited = this.deposits.all().reduce((sum, deposit) => sum + deposit.cents, 0);
    this.cents = settings.floatCents + deposited - spent;
    journal.onReset(() => {
      this.cents = settings.floatCents;
      this.unseen = [];
    });
  }

  get balanceCents(): number {
    return this.cents;
  }

  /** What a balance inquiry tells: behind the truth by the lag. */
  get toldCents(): number {
    this.unseen = this.unseen.filter(({ at }) => at > Date.now() - this.lagMs);
    return this.unseen.reduce((sum, { cents }) => sum - cents, this.cents);
  }

  get lastChangedAt(): number {
    return this.changedAt;
  }

  /** Records the purchase and takes its cost off the balance. */
  spend(purchase: Purchase): void {
    this.purchases.put(purchase);
    this.change(-purchase.costCents);
  }

  /** Brings the balance to this amount. */
  setTo(cents: number): void {
    const difference = cents - this.cents;
    this.deposits.put({ id: randomUUID(), cents: difference });
    this.change(difference);
  }

  private change(cents: number): void {
    this.cents += cents;
    this.changedAt = Date.now();
    if (this.lagMs > 0) this.unseen.push({ at: this.changedAt, cents });
  }
}
