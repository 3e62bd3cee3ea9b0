import { DECLARED, PROVIDERS, type Reached, type SettingsByProvider } from '../providers/declared.js';
import type { EnvironmentReader, Environment } from './reader.js';

/**
 * Reads the settings of every provider. A provider without a base URL is simulated: the variables in `reach` replace
 * its variables of the same names.
 */
export function readProviders(
  read: EnvironmentReader,
  reach: Readonly<Record<string, Environment>> = {},
): SettingsByProvider {
  const all: Record<string, Reached> = {};
  for (const { name, variables, baseUrlVariable, readSettings } of DECLARED) {
    const own = read.of(variables);
    const sandbox = own.text(baseUrlVariable) === null;
    const overrides = sandbox ? reach[name] : undefined;
    const reader = overrides ? own.with(overrides) : own;
    all[name] = { ...readSettings(reader), sandbox };
    // Wrong variables of the operator are reported together with all others. An error here is a defect of the sandbox.
    if (overrides && reader.errors.length > 0)
      throw new Error(`the sandbox is reached wrongly: ${reader.errors.join('; ')}`);
  }
  if (!isComplete(all)) throw new Error('a provider has no settings');
  return all;
}

function isComplete(all: Readonly<Record<string, Reached>>): all is SettingsByProvider {
  return PROVIDERS.every((name) => Object.hasOwn(all, name));
}
