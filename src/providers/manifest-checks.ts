import { ID_PREFIXES } from '../common/ids.js';
import { GATEWAY_VARIABLES } from '../config/gateway-variables.js';
import type { ProviderManifest } from '../connector/manifest.js';

/** Names stand in paths, in the ledger and in metrics. */
const PROVIDER_NAME = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;

/** Names of the gateway itself, by kind. Scopes and tables are checked where the gateway lists its own. */
const OWN: Readonly<Record<string, readonly string[]>> = {
  operation: ['correction'],
  member: ['correction'],
  variable: Object.keys(GATEWAY_VARIABLES),
  'id prefix': ID_PREFIXES,
};

/** What each manifest declares, by kind. No two manifests may share a name. */
const NAMES_OF: Readonly<Record<string, (manifest: ProviderManifest) => readonly string[]>> = {
  provider: ({ name }) => [name],
  operation: ({ operations }) => Object.keys(operations),
  member: ({ operations }) => Object.values(operations).map(({ member }) => member),
  path: ({ operations }) => Object.values(operations).flatMap(({ path }) => path ?? []),
  resource: ({ resources = {} }) => Object.keys(resources),
  'id prefix': ({ resources = {} }) => Object.values(resources).map(({ idPrefix }) => idPrefix),
  scope: ({ scopes }) => scopes,
  variable: ({ variables }) => Object.keys(variables),
  tag: ({ tags }) => tags.map(([tag]) => tag),
  table: ({ tables = {} }) => Object.keys(tables),
};

/** Ends the start when manifests contradict themselves, each other, or the gateway. @throws Error that names the fault */
export function assertManifests(manifests: readonly ProviderManifest[]): void {
  for (const manifest of manifests) assertConsistent(manifest);
  for (const [what, namesOf] of Object.entries(NAMES_OF)) {
    // Types of one provider may share a member or a path.
    const declared = manifests.flatMap((manifest) => [...new Set(namesOf(manifest))]);
    assertUnique(what, [...(OWN[what] ?? []), ...declared]);
  }
}

/** @throws Error that names the first name that occurs twice */
export function assertUnique(what: string, names: readonly string[]): void {
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw new Error(`the ${what} ${twice} is declared twice`);
}

function assertConsistent({ name, variables, baseUrlVariable, statement, operations }: ProviderManifest): void {
  if (!PROVIDER_NAME.test(name)) throw new Error(`the name of the provider ${name} is not lower case with hyphens`);
  if (!Object.hasOwn(variables, baseUrlVariable)) {
    throw new Error(`${name} does not declare its baseUrlVariable ${baseUrlVariable} as a variable`);
  }
  const hasLines = Object.values(operations).some(({ inStatement }) => inStatement === true);
  if (hasLines !== (statement !== undefined)) {
    throw new Error(`${name} needs both a statement and an operation that is inStatement, or neither`);
  }
}
