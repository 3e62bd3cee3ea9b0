import { type DelayRangeMs } from './delays.js';
import { type EnvironmentReader } from './environment-reader.js';

/** The settings that all providers share. The class is also the injection token. */
export class SandboxSettings {
  /** Time from execution to answer, in milliseconds, for providers that answer after they have executed a request. */
  readonly upstreamDelayMs: DelayRangeMs;
  /** Lifetime of every token, in seconds; undefined: the lifetime that each provider documents. */
  readonly tokenSeconds: number | undefined;

  constructor(
    read: EnvironmentReader,
    /** The names of the providers, in the order of the reports. */
    readonly providers: readonly string[],
    /** The file for the state, which then survives a restart; undefined: the state is kept in memory. */
    readonly journalFile: string | undefined,
  ) {
    this.upstreamDelayMs = read.rangeMs('SANDBOX_UPSTREAM_DELAY_MS', [0, 0]);
    this.tokenSeconds = read.whole('SANDBOX_TOKEN_SECONDS', [1, 86_400], undefined);
  }
}
