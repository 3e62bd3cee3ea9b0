import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { alarm } from '../../src/common/alarm.js';
import { ALARMS } from '../../src/common/alarm-kinds.js';
import { registry } from '../../src/common/metrics.js';

const PROJECT_FOLDER = join(import.meta.dirname, '..', '..');
const SOURCE = join(PROJECT_FOLDER, 'src');

it('docs/alarms.md explains every alarm; otherwise run `npm run alarms`', async () => {
  const made: unknown = await import(join(PROJECT_FOLDER, 'scripts/alarms-page.mjs'));
  const renderAlarms: unknown = Reflect.get(Object(made), 'renderAlarms');
  if (typeof renderAlarms !== 'function') throw new Error('alarms-page.mjs exports no renderAlarms');
  const page: unknown = Reflect.apply(renderAlarms, undefined, [{ ALARMS }]);
  expect(page).toBe(readFileSync(join(PROJECT_FOLDER, 'docs/alarms.md'), 'utf8'));
});

it('every alarm that docs/alarms.md explains can be raised', () => {
  const files = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.endsWith('.ts') && name !== join('common', 'alarm-kinds.ts'),
  );
  const source = files.map((name) => readFileSync(join(SOURCE, name), 'utf8')).join('\n');
  expect(Object.keys(ALARMS).filter((kind) => !source.includes(`'${kind}'`))).toEqual([]);
});

it('every kind of alarm is a metric from the start, and counts when it is raised', async () => {
  const shown = (await registry.metrics()).matchAll(/^gateway_alarms_total\{kind="(\w+)"\} (\d+)$/gm);
  expect([...shown].map(([, kind, count]) => [kind, count])).toEqual(Object.keys(ALARMS).map((kind) => [kind, '0']));
  alarm('low_float', { provider: 'latcom' }, 'the balance at the provider is low');
  expect(await registry.metrics()).toContain('gateway_alarms_total{kind="low_float"} 1');
});
