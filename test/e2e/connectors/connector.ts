import type { Reply } from '../../support/faulty-proxy.js';
import type { WorldOptions } from '../../support/world.js';

export type Order = Readonly<Record<string, unknown>>;

/** The person of an operation. */
export interface Person {
  /** Four digits, different for each person. */
  readonly number: number;
  readonly firstName: string;
  readonly lastName: string;
  readonly email: string;
}

/** A connector as the contract suite sees it: its requests, and the answers of its provider. */
export interface Connector {
  /** The name in its manifest. */
  readonly name: string;
  /** `POST` to this path submits an operation. */
  readonly path: string;
  /** The `Location` of a transaction without the id. */
  readonly location: string;
  /** The member of a transaction that holds its details. */
  readonly member: string;
  /** Makes a request that the simulated provider accepts, with a new reference each time. */
  readonly order: (person: Person) => Order;
  /** Returns a text that only the provider calls of this order contain. */
  readonly mark: (order: Order) => string;
  /** The personal data in an order. Erasure must remove all of it. */
  readonly personal: (person: Person) => Readonly<Record<string, string>>;
  /** Names of values in `personal` that are not masked, because they are free text of the caller. */
  readonly shownInClear?: readonly string[];
  /** `METHOD path` of the calls that execute the operation, of logins, and of status queries if the provider has any. */
  readonly calls: { readonly execute: RegExp; readonly login: RegExp; readonly status?: RegExp };
  /**
   * Makes an order that the provider accepts and does not finish during the test. Required for a provider with a status
   * query.
   */
  readonly slow?: (person: Person) => Order;
  /**
   * True when the provider recognizes a repeated operation. If false, a doubtful call makes the transaction `unknown`.
   */
  readonly recognizesRepeats: boolean;
  /** A refusal of the operation, in the provider's own words. */
  readonly declined: Reply;
  /** A refusal of the token, in the provider's own words. */
  readonly tokenRefused: Reply;
  /** Settings with quotas that the suite does not reach. */
  readonly world?: () => Promise<WorldOptions> | WorldOptions;
}
