import { type EnvironmentReader } from '../environment-reader.js';

export const NAME = 'latcom';
/** The path below the sandbox's URL. */
export const PATH = 'latcom/api/distributor';

/** LATCOM's own settings; also their injection token. */
export class LatcomSettings {
  /** The balance at the start, in US cents. */
  readonly floatCents: number;
  /** Age in milliseconds of the balance that a balance query returns. */
  readonly balanceLagMs: number;

  constructor(read: EnvironmentReader) {
    this.floatCents = read.amount('SANDBOX_FLOAT_USD', '100000.00');
    this.balanceLagMs = read.whole('SANDBOX_BALANCE_LAG_MS', [0, 3_600_000], 0);
  }
}
