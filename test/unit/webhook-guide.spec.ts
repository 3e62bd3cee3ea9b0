import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DEFAULT_TYPES, EVENT_TYPES } from '../../src/webhooks/events/event-types.js';
import { OPS_EVENT_TYPES } from '../../src/webhooks/events/gateway-event-types.js';
import { operations } from '../support/openapi.js';

/* The partner guide names types and routes. It must name those that exist. */

const guide = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'webhooks.md'), 'utf8');

/** The rows of the guide's tables whose first cell is a type that begins so. */
function rows(prefix: string): string[][] {
  const lines = guide.split('\n').filter((line) => line.startsWith(`| \`${prefix}.`));
  return lines.map((line) =>
    line
      .slice(2, -2)
      .split(' | ')
      .map((cell) => cell.trim()),
  );
}

it('has a row for each type of event, with its description and whether it is a default', () => {
  const expected = Object.entries(EVENT_TYPES).map(([type, text]) => [
    `\`${type}\``,
    text,
    DEFAULT_TYPES.some((name) => name === type) ? 'yes' : '',
  ]);
  expect(rows('transaction')).toEqual(expected);
});

it("has a row for each type of the operators' events", () => {
  expect(rows('ops')).toEqual(Object.entries(OPS_EVENT_TYPES).map(([type, text]) => [`\`${type}\``, text]));
});

const routes = operations().map(({ method, path }) => `${method} ${path}`);

it('names only routes that exist', () => {
  const named = [...guide.matchAll(/\b(GET|POST|PATCH|DELETE)\s(\/v1\/[\w/{}-]*)/g)].map(([, ...route]) =>
    route.join(' '),
  );
  expect(named.length).toBeGreaterThan(10);
  expect(named.filter((route) => !routes.includes(route))).toEqual([]);
});

/* `/{id}/replay` alone would escape the test above. */
it('names a path without a method only where routes begin with it', () => {
  const text = guide.replaceAll(/```[^]*?```/g, '');
  const paths = [...text.matchAll(/`(\/[\w/{}-]*)`/g)].map(([, path = '']) => path);
  expect(paths.length).toBeGreaterThan(1);
  expect(paths.filter((path) => !operations().some((operation) => operation.path.startsWith(path)))).toEqual([]);
});
