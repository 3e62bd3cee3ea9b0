import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EnvironmentReader } from '../../src/sandbox/environment-reader.js';
import { type SimulatedProvider } from '../../src/sandbox/provider.js';
import { PROVIDERS } from '../../src/sandbox/providers.js';
import { SandboxSettings } from '../../src/sandbox/settings.js';

const FOLDER = join(import.meta.dirname, '..', '..', 'src', 'sandbox');

function readme(folder: string): string {
  const file = join(folder, 'README.md');
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

/** The names of the variables that are read from an empty environment. */
function variablesRead(by: (read: EnvironmentReader) => unknown): string[] {
  const names = new Set<string>();
  const environment = new Proxy({}, { get: (_target, name) => void names.add(String(name)) });
  by(new EnvironmentReader(environment));
  return [...names];
}

const own = ({ module }: SimulatedProvider): string[] => variablesRead((read) => module(read));
const shared = variablesRead((read) => new SandboxSettings(read, [], undefined));

test.each(PROVIDERS)('the README of the simulated $name documents its variables', (provider) => {
  const text = readme(join(FOLDER, provider.name));
  expect(text).not.toBe('');
  expect(own(provider).filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
});

test('the README of the sandbox documents the variables that providers share', () => {
  const text = readme(FOLDER);
  expect(shared.length).toBeGreaterThan(0);
  expect(shared.filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
});

test('every variable of the sandbox is read by one part of it', () => {
  const names = [...shared, ...PROVIDERS.flatMap(own)];
  expect(names.filter((name) => !name.startsWith('SANDBOX_'))).toEqual([]);
  expect(new Set(names).size).toBe(names.length);
});

test('a gateway reaches every simulated provider below the URL of the sandbox, with its secrets', () => {
  for (const { env, secrets } of PROVIDERS) {
    const values = Object.values(env('http://sandbox.example'));
    expect(values.filter((value) => value.startsWith('http://sandbox.example/'))).not.toEqual([]);
    expect(values).toEqual(expect.arrayContaining([...secrets]));
    expect(secrets).not.toEqual([]);
  }
});
