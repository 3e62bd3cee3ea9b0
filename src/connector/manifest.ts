import type { EnvironmentReader } from '../config/reader.js';
import type { Variable } from '../config/variables.js';
import type { NotificationCredentials } from '../config/notification-credentials.js';
import type { TableRetention } from '../privacy/retention-classes.js';
import type { StatementFormat } from '../reconciliation/statements/reading/statement-format.js';

/**
 * What the gateway must know about a provider before it runs: plain data and pure functions, without Nest. Every list in
 * the gateway that has an entry for each provider is derived from the manifests (`src/providers/declared.ts`).
 */
export interface ProviderManifest {
  /** In paths, in the ledger, in metrics, in lower case with hyphens. Never changes once transactions exist. */
  readonly name: string;
  /** For people. */
  readonly title: string;
  /** What it does, in one or two words, e.g. `points`. */
  readonly summary: string;
  /** By transaction type, in the order of the contract. Each needs a handler in the provider's module. */
  readonly operations: Readonly<Record<string, OperationDeclaration>>;
  /** What outlives the operations that act on it, by kind, e.g. a pass. */
  readonly resources?: Readonly<Record<string, ResourceDeclaration>>;
  /** Scopes of partner apps that its routes require. */
  readonly scopes: readonly string[];
  /** The units of its quantities, as the contract writes them. */
  readonly units: readonly string[];
  /** Sections of the OpenAPI document that its controllers name with `@ApiTags`: name and description. */
  readonly tags: readonly (readonly [name: string, description: string])[];
  /** Its environment variables, in the order of `.env.example`. */
  readonly variables: Readonly<Record<string, Variable>>;
  /** The variable with its base URL. While it is unset, the built-in sandbox simulates the provider. */
  readonly baseUrlVariable: string;
  /** Reads its variables; reports what is wrong to the reader. */
  readonly readSettings: (read: EnvironmentReader) => ProviderSettings;
  /** Present when the provider sends notifications to `POST /v1/providers/{name}/notifications`. */
  readonly notifications?: NotificationDeclaration;
  /** Present when the provider issues statements of what it executed. */
  readonly statement?: StatementFormat;
  /** TypeORM entities of its own tables, if it uses any. */
  readonly entities?: readonly (new () => object)[];
  /** Its own tables and how long their columns are kept. */
  readonly tables?: Readonly<Record<string, TableRetention>>;
  /** Requests for the start banner, for a demo app with all scopes. */
  readonly examples: readonly ExampleRequest[];
}

export interface OperationDeclaration {
  /** The member of a transaction's JSON that holds the details of this type. */
  readonly member: string;
  /** Where one transaction of this type is read, without its id, e.g. `/v1/topups`; null: `/v1/transactions`. */
  readonly path: string | null;
  /**
   * Members of the detail that are about a person, also when masked. Erasure empties them, and recording an operation with
   * another member in its personal data throws.
   */
  readonly personal: readonly string[];
  /** The provider's statement has a line for each one that succeeded. */
  readonly inStatement?: true;
}

export interface ResourceDeclaration {
  /** Of its public ids, e.g. `pass` in `pass_019aa3c5-…`. */
  readonly idPrefix: string;
  /** Statuses in which it is over: its personal data is no longer needed. */
  readonly endStatuses: readonly string[];
}

/** What the settings of every provider have in common. */
export interface ProviderSettings {
  /** Without a slash at the end; empty until a simulated provider is reached. */
  readonly baseUrl: string;
  /** Of a provider that declares notifications. */
  readonly notifications?: NotificationCredentials;
}

export interface NotificationDeclaration {
  /** The variables of the pair with which the sandbox notifies, unless the operator has set one. */
  readonly usernameVariable: string;
  readonly passwordVariable: string;
}

/** `$N` in the body becomes a number that is new each time, `$NOW` the time. */
export interface ExampleRequest {
  /** Noun with article, e.g. `a lounge pass`. */
  readonly title: string;
  readonly path: string;
  readonly body: string;
}
