import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MAGIC } from '../support/magic.js';

const README = readFileSync(join(import.meta.dirname, '..', '..', 'src', 'sandbox', 'README.md'), 'utf8');

/** The part of the README about one provider: from its heading to the next. */
function sectionOf(provider: string): string {
  const [, section] = README.split(`### ${provider}`);
  if (section === undefined) throw new Error(`the sandbox's README has no section about ${provider}`);
  return section.split('\n##')[0] ?? '';
}

function valuesOf(list: object): string[] {
  return Object.values(list).flatMap((value: unknown) =>
    typeof value === 'object' && value !== null ? valuesOf(value) : [String(value)],
  );
}

it.each(valuesOf(MAGIC.latamPass))("the sandbox's README explains the magic frequent flyer number %s", (ffn) => {
  expect(sectionOf('LATAM Pass')).toContain(`\`…${ffn.slice(-5)}\``);
});

it.each(valuesOf(MAGIC.loyaltyLayer))("the sandbox's README explains the magic plan %s", (planId) => {
  expect(planId).toMatch(/^LOUNGE-BASIC-/);
  expect(sectionOf('LoyaltyLayer')).toContain(`\`${planId.slice('LOUNGE-BASIC'.length)}\``);
});

it.each(valuesOf(MAGIC.latcom))("the sandbox's README explains the magic phone number %s", (phone) => {
  expect(phone).toMatch(/^5537689\d{3}$/);
  expect(sectionOf('LATCOM')).toMatch(new RegExp(`\`(5537689|…)${phone.slice(-3)}\``));
});
