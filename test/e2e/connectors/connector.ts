import type { Reply } from '../../support/faulty-proxy.js';
import type { WorldOptions } from '../../support/world.js';

export type Order = Readonly<Record<string, unknown>>;

/** Whom an operation is about. */
export interface Person {
  /** Four digits, different for each person. */
  readonly number: number;
  readonly firstName: string;
  readonly lastName: string;
  readonly email: string;
}

/** What the contract needs to know of a connector: how it is asked, and how its provider answers. */
export interface Connector {
  /** As its manifest names it. */
  readonly name: string;
  /** `POST` to this path submits an operation. */
  readonly path: string;
  /** `Location` of a transaction, without the id. */
  readonly location: string;
  /** The member of a transaction that holds its details. */
  readonly member: string;
  /** A request that the simulated provider accepts, each time with another reference. */
  readonly order: (person: Person) => Order;
  /** A text that only this order's calls to the provider contain. */
  readonly mark: (order: Order) => string;
  /** What an order says of the person: an erasure must leave nothing of it. */
  readonly personal: (person: Person) => Readonly<Record<string, string>>;
  /** Names of what `personal` returns that is not masked: free text of the caller. */
  readonly shownInClear?: readonly string[];
  /** `METHOD path` of the calls that execute the operation, of logins, and of status queries if the provider has any. */
  readonly calls: { readonly execute: RegExp; readonly login: RegExp; readonly status?: RegExp };
  /** An order that the provider accepts and does not finish within the test; for those with a status query. */
  readonly slow?: (person: Person) => Order;
  /** Whether the provider recognizes an operation that it gets a second time. If not, doubt makes it `unknown`. */
  readonly recognizesRepeats: boolean;
  /** A refusal of the operation, in the provider's own words. */
  readonly declined: Reply;
  /** A refusal of the token, in the provider's own words. */
  readonly tokenRefused: Reply;
  /** Settings that keep quotas out of the way. */
  readonly world?: () => Promise<WorldOptions> | WorldOptions;
}
