import type { EnvironmentReader } from '../config/reader.js';
import type { Variable } from '../config/variables.js';
import type { NotificationCredentials } from '../config/notification-credentials.js';
import type { TableRetention } from '../privacy/retention-classes.js';
import type { StatementFormat } from '../reconciliation/statements/reading/statement-format.js';

/**
 * The declarations of a provider that the gateway needs before it runs: plain data and pure functions, without Nest.
 * Every list in the gateway that has an entry for each provider is derived from the manifests
 * (`src/providers/declared.ts`).
 */
export interface ProviderManifest {
  /** Lower case with hyphens; used in paths, the ledger and metrics. It must not change once transactions exist. */
  readonly name: string;
  /** The name in texts and in the documentation. */
  readonly title: string;
  /** The kind of product, in one or two words, e.g. `points`. The start banner shows it. */
  readonly summary: string;
  /** By transaction type, in the order of lists. Each type needs an `OperationHandler` in the provider's module. */
  readonly operations: Readonly<Record<string, OperationDeclaration>>;
  /** By kind: things that outlive the operations on them, e.g. a pass. */
  readonly resources?: Readonly<Record<string, ResourceDeclaration>>;
  /** Scopes that its routes require of partner apps. */
  readonly scopes: readonly string[];
  /**
   * Decimal places by unit of its quantities, as the API shows them: `MXN: 2` for amounts in centavos. A unit may end in
   * a variable part: `PASS:<planId>`. An operation in any other unit is not recorded: submitting it throws.
   */
  readonly units: Readonly<Record<string, number>>;
  /** Sections of the OpenAPI document: name and description. Its controllers use the names in `@ApiTags`. */
  readonly tags: readonly (readonly [name: string, description: string])[];
  /** Its environment variables, in the order of `.env.example`. */
  readonly variables: Readonly<Record<string, Variable>>;
  /** The variable with its base URL. While it is unset, the built-in sandbox simulates the provider. */
  readonly baseUrlVariable: string;
  /** Reads its variables. Report each invalid one with `read.fail`, so that the start lists them all. */
  readonly readSettings: (read: EnvironmentReader) => ProviderSettings;
  /** Present when the provider sends notifications to `POST /v1/providers/{name}/notifications`. */
  readonly notifications?: NotificationDeclaration;
  /** Present when the provider issues statements of executed operations. */
  readonly statement?: StatementFormat;
  /** TypeORM entities of its own tables, if it uses any. */
  readonly entities?: readonly (new () => object)[];
  /** Its own tables, with the retention of their columns. */
  readonly tables?: Readonly<Record<string, TableRetention>>;
  /** Those of its tables that the role for reports (`DATABASE_READER_ROLE`) may read. */
  readonly reportTables?: readonly string[];
  /** Requests that the start banner prints as curl commands. The demo app that sends them has all scopes. */
  readonly examples: readonly ExampleRequest[];
}

export interface OperationDeclaration {
  /** The member of a transaction's JSON that holds the `detail` of this type. */
  readonly member: string;
  /** The route of one transaction of this type, without its id, e.g. `/v1/topups`; null: `/v1/transactions`. */
  readonly path: string | null;
  /**
   * Members of `detail` that are about a person. Erasure sets them to null, masked values included. An operation whose
   * `secret.personal` has any other member is not recorded: submitting it throws.
   */
  readonly personal: readonly string[];
  /** The provider's statement has a line for each succeeded transaction of this type. */
  readonly inStatement?: true;
}

export interface ResourceDeclaration {
  /** Prefix of its public ids, e.g. `pass` in `pass_019aa3c5-…`. */
  readonly idPrefix: string;
  /** Final statuses. In these its personal data is no longer needed, so retention can begin. */
  readonly endStatuses: readonly string[];
}

/** The settings that every provider has. */
export interface ProviderSettings {
  /** Without a slash at the end. Empty for a simulated provider; the gateway then sets the sandbox's address. */
  readonly baseUrl: string;
  /** Present when the manifest declares notifications. */
  readonly notifications?: NotificationCredentials;
}

export interface NotificationDeclaration {
  /** Variables with the credentials of notifications. If they are unset, the sandbox gets a generated pair. */
  readonly usernameVariable: string;
  readonly passwordVariable: string;
}

/** An example request. In its body, `$N` becomes a number that differs in each call, and `$NOW` the time of the call. */
export interface ExampleRequest {
  /** A noun with its article, e.g. `a lounge pass`. */
  readonly title: string;
  readonly path: string;
  readonly body: string;
}
