import { type EnvironmentReader } from '../environment-reader.js';

export const NAME = 'latcom';
/** Below the sandbox's URL. */
export const PATH = 'latcom/api/distributor';

/** LATCOM's own settings; also their injection token. */
export class LatcomSettings {
  /** The balance at the start. */
  readonly floatCents: number;
  /** Age of the balance in a balance query. */
  readonly balanceLagMs: number;

  constructor(read: EnvironmentReader) {
    this.floatCents = read.amount('SANDBOX_FLOAT_USD', '100000.00');
    this.balanceLagMs = read.whole('SANDBOX_BALANCE_LAG_MS', [0, 3_600_000], 0);
  }
}
