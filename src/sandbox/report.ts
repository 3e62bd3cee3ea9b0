import { Injectable } from '@nestjs/common';
import { CallLog } from './call-log.js';
import { type Provider } from './call.js';
import { type Effect } from './effects.js';
import { Accruals } from './latam-pass/accruals.js';
import { Cobranded } from './latam-pass/cobranded.js';
import { Float } from './latcom/float.js';
import { Purchases } from './latcom/purchases.js';
import { Cards } from './loyalty-layer/cards.js';
import { Passes } from './loyalty-layer/passes.js';
import { RateWindow } from './loyalty-layer/rate-window.js';
import { decimal } from './settings.js';
import { Tally } from './counters.js';

/** What really happened at the three providers: the truth that a test holds the gateway's ledger against. */
@Injectable()
export class Report {
  private readonly sources: readonly { effects(): Effect[] }[];

  constructor(
    accruals: Accruals,
    cobranded: Cobranded,
    cards: Cards,
    passes: Passes,
    purchases: Purchases,
    private readonly window: RateWindow,
    private readonly float: Float,
    private readonly tally: Tally,
    private readonly calls: CallLog,
  ) {
    this.sources = [accruals, cobranded, cards, passes, purchases];
  }

  /** Oldest first; those of one provider, or with one key, when asked. */
  all(provider: string | undefined, key: string | undefined): object {
    const effects = this.sources
      .flatMap((source) => source.effects())
      .filter((effect) => (provider ?? effect.provider) === effect.provider && (key ?? effect.key) === effect.key)
      .sort((a, b) => a.at.localeCompare(b.at));
    return { effects, ...this.counters() };
  }

  counters(): object {
    return {
      latamPass: this.common('latam-pass'),
      loyaltyLayer: { ...this.common('loyalty-layer'), ...this.window.counters() },
      latcom: { ...this.common('latcom'), balance: decimal(this.float.balanceCents), currency: 'USD' },
    };
  }

  private common(provider: Provider): object {
    return { logins: this.tally.of(`${provider} logins`), calls: this.calls.totals(provider) };
  }
}
