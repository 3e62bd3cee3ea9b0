import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MAGIC } from '../support/magic.js';

function readmeOf(provider: string): string {
  return readFileSync(join(import.meta.dirname, '..', '..', 'src', 'sandbox', provider, 'README.md'), 'utf8');
}

function valuesOf(list: object): string[] {
  return Object.values(list).flatMap((value: unknown) =>
    typeof value === 'object' && value !== null ? valuesOf(value) : [String(value)],
  );
}

it.each(valuesOf(MAGIC.latamPass))("the sandbox's README explains the magic frequent flyer number %s", (ffn) => {
  expect(readmeOf('latam-pass')).toContain(`\`…${ffn.slice(-5)}\``);
});

it.each(valuesOf(MAGIC.loyaltyLayer))("the sandbox's README explains the magic plan %s", (planId) => {
  expect(planId).toMatch(/^LOUNGE-BASIC-/);
  expect(readmeOf('loyalty-layer')).toContain(`\`${planId.slice('LOUNGE-BASIC'.length)}\``);
});

it.each(valuesOf(MAGIC.latcom))("the sandbox's README explains the magic phone number %s", (phone) => {
  expect(phone).toMatch(/^5537689\d{3}$/);
  expect(readmeOf('latcom')).toMatch(new RegExp(`\`(5537689|…)${phone.slice(-3)}\``));
});
