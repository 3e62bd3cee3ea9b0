import { type DelayRangeMs } from './delays.js';
import { type EnvironmentReader } from './environment-reader.js';

/** What all providers share; also its own injection token. */
export class SandboxSettings {
  /** Time to answer, for providers that execute a request before they answer it. */
  readonly upstreamDelayMs: DelayRangeMs;
  /** Lifetime of every token; undefined: each provider's documented one. */
  readonly tokenSeconds: number | undefined;

  constructor(
    read: EnvironmentReader,
    /** Names, in the order of the reports. */
    readonly providers: readonly string[],
    /** State is kept here and survives a restart; undefined: it is kept in memory. */
    readonly journalFile: string | undefined,
  ) {
    this.upstreamDelayMs = read.rangeMs('SANDBOX_UPSTREAM_DELAY_MS', [0, 0]);
    this.tokenSeconds = read.whole('SANDBOX_TOKEN_SECONDS', [1, 86_400], undefined);
  }
}
