import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DECLARED } from '../../src/providers/declared.js';

const SRC = join(import.meta.dirname, '..', '..', 'src');

/**
 * True for files that may name a provider: its folders, the two lists, the list of modules, and the SQL of its tables.
 */
function isOwnPlace(file: string, provider: string): boolean {
  const own = [`providers/${provider}/`, `sandbox/${provider}/`, 'database/'];
  const lists = ['app.module.ts', 'providers/manifests.ts', 'sandbox/providers.ts'];
  return own.some((folder) => file.startsWith(folder)) || lists.includes(file);
}

const FILES = globSync('**/*.ts', { cwd: SRC }).map((file) => file.replaceAll('\\', '/'));
const TEXTS = new Map(FILES.map((file) => [file, readFileSync(join(SRC, file), 'utf8')]));

it('the sources that are searched for provider names are found', () => {
  expect(FILES.length).toBeGreaterThan(300);
});

it.each(DECLARED.map((manifest) => [manifest.title, manifest] as const))(
  'no file outside its places names %s or one of its transaction types',
  (_title, { name, title, operations }) => {
    const words = [name.replaceAll('-', '[-_ ]?'), title.replaceAll(' ', '[-_ ]?')];
    const types = Object.keys(operations).map((type) => `['"\`]${type}['"\`]`);
    const pattern = new RegExp([...words, ...types].join('|'), 'i');
    const named = FILES.filter((file) => !isOwnPlace(file, name) && pattern.test(TEXTS.get(file) ?? ''));
    expect(named).toEqual([]);
  },
);
