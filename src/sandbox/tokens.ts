import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Counters } from './counters.js';
import { loginsOf } from './report.js';
import { SandboxSettings } from './settings.js';

/** Access tokens of all providers. Kept in memory only: after a restart every token is unknown. */
@Injectable()
export class Tokens {
  private readonly issued = new Map<string, { readonly provider: string; readonly expiresAt: number }>();

  constructor(
    private readonly settings: SandboxSettings,
    private readonly counters: Counters,
  ) {}

  /** `documentedSeconds` is the lifetime that the provider's document states. */
  issue(provider: string, documentedSeconds: number): { readonly token: string; readonly seconds: number } {
    const now = Date.now();
    for (const [token, entry] of this.issued) if (entry.expiresAt <= now) this.issued.delete(token);
    const seconds = this.settings.tokenSeconds ?? documentedSeconds;
    const token = randomBytes(24).toString('base64url');
    this.issued.set(token, { provider, expiresAt: now + seconds * 1000 });
    this.counters.add(loginsOf(provider));
    return { token, seconds };
  }

  isValid(provider: string, token: string): boolean {
    const entry = this.issued.get(token);
    return entry !== undefined && entry.provider === provider && entry.expiresAt > Date.now();
  }

  expireAll(): number {
    const count = this.issued.size;
    this.issued.clear();
    return count;
  }
}
