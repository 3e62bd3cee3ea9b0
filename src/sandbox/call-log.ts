import { Injectable } from '@nestjs/common';
import { type Call } from './call.js';

const KEPT_CALLS = 1000;

/**
 * The last requests, so that tests can check them, and the number of all requests since the start or the last reset.
 */
@Injectable()
export class CallLog {
  private calls: Call[] = [];
  private readonly counts = new Map<string, number>();

  add(call: Call): void {
    this.calls.push(call);
    if (this.calls.length > KEPT_CALLS) this.calls.shift();
    const name = `${call.provider} ${call.operation}`;
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
  }

  list(provider: string | undefined, operation: string | undefined): Call[] {
    return this.calls.filter(
      (call) => (provider ?? call.provider) === call.provider && (operation ?? call.operation) === call.operation,
    );
  }

  /** Requests by operation. */
  totals(provider: string): Record<string, number> {
    const prefix = `${provider} `;
    const own = [...this.counts].filter(([name]) => name.startsWith(prefix));
    return Object.fromEntries(own.map(([name, count]) => [name.slice(prefix.length), count]));
  }

  clear(): void {
    this.calls = [];
    this.counts.clear();
  }
}
