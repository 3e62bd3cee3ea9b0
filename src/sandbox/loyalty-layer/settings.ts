import { type EnvironmentReader } from '../environment-reader.js';

export const NAME = 'loyalty-layer';
/** The path below the sandbox's URL. */
export const PATH = 'loyalty-layer';

/** LoyaltyLayer's own settings; also their injection token. */
export class LoyaltyLayerSettings {
  /** Requests allowed per address in any 60 s. */
  readonly requestsPerMinute: number;
  /** Time for which an address is blocked after it exceeded the limit, in milliseconds. */
  readonly blockMs: number;

  constructor(read: EnvironmentReader) {
    this.requestsPerMinute = read.whole('SANDBOX_REQUESTS_PER_MINUTE', [1, 1_000_000], 100);
    this.blockMs = read.whole('SANDBOX_BLOCK_MS', [0, 3_600_000], 60_000);
  }
}
