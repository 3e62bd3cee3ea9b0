import { randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { type Provider } from './call.js';
import { SETTINGS, type SandboxSettings } from './settings.js';
import { Tally } from './counters.js';

/** Access tokens of all three providers. Kept in memory only: after a restart every token is unknown. */
@Injectable()
export class Tokens {
  private readonly issued = new Map<string, { readonly provider: Provider; readonly expiresAt: number }>();

  constructor(
    @Inject(SETTINGS) private readonly settings: SandboxSettings,
    private readonly tally: Tally,
  ) {}

  /** `documentedSeconds` is the life that the provider's document states. */
  issue(provider: Provider, documentedSeconds: number): { readonly token: string; readonly seconds: number } {
    const now = Date.now();
    for (const [token, entry] of this.issued) if (entry.expiresAt <= now) this.issued.delete(token);
    const seconds = this.settings.tokenSeconds ?? documentedSeconds;
    const token = randomBytes(24).toString('base64url');
    this.issued.set(token, { provider, expiresAt: now + seconds * 1000 });
    this.tally.add(`${provider} logins`);
    return { token, seconds };
  }

  isValid(provider: Provider, token: string): boolean {
    const entry = this.issued.get(token);
    return entry !== undefined && entry.provider === provider && entry.expiresAt > Date.now();
  }

  expireAll(): number {
    const count = this.issued.size;
    this.issued.clear();
    return count;
  }
}
