import type {
  OperationDeclaration,
  ProviderManifest,
  ProviderSettings,
  ResourceDeclaration,
} from '../connector/manifest.js';
import type { TableRetention } from '../privacy/retention-classes.js';
import type { JsonObject } from '../readers/json.js';
import type { StatementFormat } from '../reconciliation/statements/reading/statement-format.js';
import { assertManifests } from './manifest-checks.js';
import { MANIFESTS } from './manifests.js';

/* Every list with an entry for each provider, derived from the manifests. */

type Manifest = (typeof MANIFESTS)[number];
type MembersOf<Operations> = { [Type in keyof Operations]: Operations[Type] extends { member: infer M } ? M : never };

export type ProviderName = Manifest['name'];
export type ProviderScope = Manifest['scopes'][number];
/** A member of a transaction's JSON that holds the details of its type. */
export type DetailMember =
  | Extract<{ [M in Manifest as M['name']]: MembersOf<M['operations']>[keyof M['operations']] }[ProviderName], string>
  | 'correction';
/** The settings of each provider, by its name. */
export type SettingsByProvider = { readonly [M in Manifest as M['name']]: Reached<ReturnType<M['readSettings']>> };
export type Reached<Settings extends ProviderSettings = ProviderSettings> = Settings & {
  /** True while the built-in sandbox simulates the provider. */
  readonly sandbox: boolean;
};

export const DECLARED: readonly ProviderManifest[] = MANIFESTS;
assertManifests(DECLARED);
export const PROVIDERS: readonly ProviderName[] = MANIFESTS.map(({ name }) => name);
export const PROVIDER_SCOPES: readonly ProviderScope[] = MANIFESTS.flatMap(
  ({ scopes }): readonly ProviderScope[] => scopes,
);

/** The ledger's own type, for transactions of every provider. */
const CORRECTION: OperationDeclaration = { member: 'correction', path: null, personal: [] };

const OPERATIONS = new Map<string, OperationDeclaration>([
  ...DECLARED.flatMap(({ operations }) => Object.entries(operations)),
  ['correction', CORRECTION],
]);
const RESOURCES = new Map<string, ResourceDeclaration>(
  DECLARED.flatMap(({ resources = {} }) => Object.entries(resources)),
);

export const TRANSACTION_TYPES: readonly string[] = [...OPERATIONS.keys()];
/** Types whose succeeded transactions have a line in a provider's statement. */
export const STATEMENT_TYPES: readonly string[] = [...OPERATIONS].flatMap(([type, { inStatement }]) =>
  inStatement ? [type] : [],
);
/** Members of a transaction's JSON that hold the details of its type. */
export const DETAIL_MEMBERS: readonly string[] = unique([...OPERATIONS.values()].map(({ member }) => member));
/** Members of `detail` about a person, by type. */
export const PERSONAL_MEMBERS: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  [...OPERATIONS].map(([type, { personal }]) => [type, personal]),
);
/** Final statuses of resources, of all kinds. */
export const END_STATUSES: readonly string[] = unique(
  [...RESOURCES.values()].flatMap(({ endStatuses }) => endStatuses),
);
export const TABLES_OF_PROVIDERS: Readonly<Record<string, TableRetention>> = Object.fromEntries(
  DECLARED.flatMap(({ tables = {} }) => Object.entries(tables)),
);

/** Tables of providers that the role for reports may read. */
export const REPORT_TABLES: readonly string[] = DECLARED.flatMap(({ reportTables = [] }) => reportTables);

export const PROVIDER_ENTITIES: readonly (new () => object)[] = DECLARED.flatMap(({ entities = [] }) => entities);

const TITLES = new Map(DECLARED.map(({ name, title }) => [name, title]));
const STATEMENTS = new Map<string, StatementFormat>(
  DECLARED.flatMap(({ name, statement }) => (statement ? [[name, statement] as const] : [])),
);
export const STATEMENT_PROVIDERS: readonly string[] = [...STATEMENTS.keys()];
export const NOTIFYING_PROVIDERS: readonly string[] = DECLARED.flatMap(({ name, notifications }) =>
  notifications ? [name] : [],
);

/** The provider's name in texts. @throws Error when there is no such provider */
export function titleOf(provider: string): string {
  return declared(TITLES, 'provider', provider);
}

/** @throws Error when no manifest declares the type */
export function operationOf(type: string): OperationDeclaration {
  return declared(OPERATIONS, 'operation', type);
}

/** @throws Error when no manifest declares the kind */
export function resourceOf(kind: string): ResourceDeclaration {
  return declared(RESOURCES, 'resource', kind);
}

/** @throws Error when the provider issues no statements */
export function statementFormatOf(provider: string): StatementFormat {
  return declared(STATEMENTS, 'statement', provider);
}

/** The detail of a transaction of the type with null in place of personal data. */
export function withoutPersonal(type: string, detail: JsonObject): JsonObject {
  const { personal } = operationOf(type);
  return Object.fromEntries(
    Object.entries(detail).map(([name, value]) => [name, personal.includes(name) ? null : value]),
  );
}

function declared<Value>(all: ReadonlyMap<string, Value>, what: string, name: string): Value {
  const found = all.get(name);
  if (found === undefined) throw new Error(`no manifest declares the ${what} ${name}`);
  return found;
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names)];
}
