import { Injectable } from '@nestjs/common';
import { CallLog } from './call-log.js';
import { Counters } from './counters.js';
import { type Effect } from './effects.js';
import { SandboxSettings } from './settings.js';

/** The effects and counters that one class of a provider adds to the report. */
export interface ReportSource {
  effects?(): Effect[];
  counters?(): Readonly<Record<string, unknown>>;
}

/** Reports what the providers really executed. Tests compare the gateway's ledger with it. */
@Injectable()
export class Report {
  private readonly sources: ReadonlyMap<string, ReportSource[]>;

  constructor(
    { providers }: SandboxSettings,
    private readonly counts: Counters,
    private readonly calls: CallLog,
  ) {
    this.sources = new Map(providers.map((name) => [name, []]));
  }

  /** For constructors: a class with effects or counters registers itself. */
  add(provider: string, source: ReportSource): void {
    const sources = this.sources.get(provider);
    if (!sources) throw new Error(`"${provider}" is not a provider of providers.ts`);
    sources.push(source);
  }

  /** Effects, oldest first, of one provider or with one key if given; then the counters. */
  all(provider: string | undefined, key: string | undefined): object {
    const effects = [...this.sources]
      .filter(([name]) => (provider ?? name) === name)
      .flatMap(([name, sources]) => effectsOf(name, sources))
      .filter((effect) => (key ?? effect.key) === effect.key)
      .sort((a, b) => a.at.localeCompare(b.at));
    return { effects, ...this.counters() };
  }

  counters(): object {
    return Object.fromEntries([...this.sources].map(([name, own]) => [memberName(name), this.countersOf(name, own)]));
  }

  private countersOf(name: string, sources: readonly ReportSource[]): object {
    const own = sources.flatMap((source) => Object.entries(source.counters?.() ?? {}));
    return { logins: this.counts.of(loginsOf(name)), calls: this.calls.totals(name), ...Object.fromEntries(own) };
  }
}

export function loginsOf(provider: string): string {
  return `${provider} logins`;
}

function effectsOf(provider: string, sources: readonly ReportSource[]): (Effect & { provider: string })[] {
  return sources.flatMap((source) => (source.effects?.() ?? []).map((effect) => ({ provider, ...effect })));
}

/** `some-name` is `someName`. */
function memberName(provider: string): string {
  return provider.replaceAll(/-(.)/g, (_match, letter: string) => letter.toUpperCase());
}
