import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CLASSES, RETENTION } from '../../src/privacy/retention.js';

const PROJECT_FOLDER = join(import.meta.dirname, '..', '..');

async function render(retention: object, columns?: object): Promise<unknown> {
  const made: unknown = await import(join(PROJECT_FOLDER, 'scripts/retention-page.mjs'));
  const renderRetention: unknown = Reflect.get(Object(made), 'renderRetention');
  if (typeof renderRetention !== 'function') throw new Error('retention-page.mjs exports no renderRetention');
  return Reflect.apply(renderRetention, undefined, [retention, ...(columns ? [columns] : [])]);
}

it('docs/retention.md lists every column of the schema; otherwise run `npm run retention`', async () => {
  const page = await render({ CLASSES, RETENTION });
  expect(page).toBe(readFileSync(join(PROJECT_FOLDER, 'docs/retention.md'), 'utf8'));
});

it('a column without a retention class, with two classes, or missing from the schema is refused', async () => {
  const retention = { CLASSES, RETENTION: { plans: { state: ['a', 'gone'], staff: ['a'] }, ghosts: { state: ['*'] } } };
  await expect(render(retention, { plans: ['a', 'b'], people: ['name'] })).rejects.toThrow(
    'ghosts is no table; plans.gone is no column; plans.a has 2 classes; plans.b has 0 classes; people.name has 0 classes',
  );
});
