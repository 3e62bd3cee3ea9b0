import { ValidationPipe, type Type } from '@nestjs/common';
import { CreateAppDto } from '../../src/access/admin/apps.dto.js';
import { CreateOperatorDto } from '../../src/access/admin/operators.dto.js';
import { CompiledRules } from '../../src/api/compiled-rules.js';
import { STRICT_OPTIONS } from '../../src/api/validation.js';
import { TransactionQueryDto } from '../../src/operations/transactions/transaction-query.dto.js';
import {
  ACCRUAL_EXAMPLE,
  AmendAccrualDto,
  CreateAccrualDto,
} from '../../src/providers/latam-pass/accruals/accrual.dto.js';
import { START_EXAMPLE, StartCobrandedDto } from '../../src/providers/latam-pass/cobranded/cobranded.dto.js';
import { SEARCH_EXAMPLE, SearchMemberDto } from '../../src/providers/latam-pass/members/member-search.dto.js';
import { CreateTopupDto, TOPUP_EXAMPLE } from '../../src/providers/latcom/topups/topup.dto.js';
import { CreatePassesDto, PASSES_EXAMPLE } from '../../src/providers/loyalty-layer/passes/pass-batch.dto.js';
import { PASS_UPDATE_EXAMPLE, UpdatePassDto } from '../../src/providers/loyalty-layer/passes/pass-change.dto.js';
import { CreatePassDto, PASS_EXAMPLE } from '../../src/providers/loyalty-layer/passes/pass.dto.js';

const VARIANTS = 1_500;

const BODIES: readonly (readonly [Type<object>, object])[] = [
  [CreateAccrualDto, { ...ACCRUAL_EXAMPLE, metadata: { channel: 'app' }, description: 'x', productId: '001' }],
  [AmendAccrualDto, { points: 10, description: 'x', metadata: {} }],
  [SearchMemberDto, SEARCH_EXAMPLE],
  [StartCobrandedDto, START_EXAMPLE],
  [CreateTopupDto, { ...TOPUP_EXAMPLE, operator: 'MOVISTAR', allowDuplicate: true, metadata: { a: 'b' } }],
  [CreatePassDto, PASS_EXAMPLE],
  [CreatePassesDto, PASSES_EXAMPLE],
  [UpdatePassDto, PASS_UPDATE_EXAMPLE],
  [CreateAppDto, { name: 'app', scopes: ['accruals'], defaultHoldDays: 3 }],
  [TransactionQueryDto, { limit: '10', status: 'pending', createdFrom: '2026-01-20T14:10:36Z', type: 'topup' }],
  [TransactionQueryDto, { cursor: 'AZr8xZSlcUu2646oQNuVaA' }],
  [CreateOperatorDto, { username: 'ana', password: 'a long enough password', role: 'viewer' }],
];

const VALUES: readonly unknown[] = [
  ...[
    null,
    true,
    false,
    0,
    -1,
    1,
    1.5,
    3000,
    1e21,
    '',
    ' ',
    'x',
    'a'.repeat(60),
    '01234567890',
    '10.00',
    'MXN',
    '7',
    '101',
  ],
  ...['2026-01-20T14:10:36.177-03:00', '2026-02-30T00:00:00Z', 'a\u0007b', '😀', [], [1], ['accruals'], [null], [{}]],
  ...[{}, { a: 1 }, { a: 'b' }, { value: '10.00', currency: 'MXN' }, { ffn: '01234567890' }, { toString: 'x' }],
];

/** Pseudo-random numbers with a fixed seed, so that every run tests the same values. */
let state = 7;
function random(below: number): number {
  state = (state * 48_271) % 2_147_483_647;
  return Math.floor((state / 2_147_483_647) * below);
}

function anyOf<T>(values: readonly T[]): T | undefined {
  return values[random(values.length)];
}

/** The value with one change at any depth: a member removed, replaced or added. */
function mutated(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || random(4) === 0) return anyOf(VALUES);
  const copy: object = Array.isArray(value) ? [...value] : { ...value };
  const name = anyOf(Object.keys(copy));
  const choice = random(10);
  if (choice === 0 || name === undefined) Reflect.set(copy, Array.isArray(copy) ? copy.length : 'more', anyOf(VALUES));
  else if (choice < 3 && !Array.isArray(copy)) Reflect.deleteProperty(copy, name);
  else Reflect.set(copy, name, mutated(Reflect.get(copy, name)));
  return copy;
}

const pipe = new ValidationPipe(STRICT_OPTIONS);

async function slowly(metatype: Type<object>, body: unknown): Promise<unknown> {
  const accepted: unknown = await pipe.transform(body, { type: 'body', metatype }).catch(() => null);
  return accepted;
}

it.each(BODIES)('compiled rules of %p agree with class-validator on random bodies', async (metatype, example) => {
  const rules = new CompiledRules();
  expect(rules.accept(metatype, example)).toStrictEqual(await slowly(metatype, structuredClone(example)));
  expect(rules.accept(metatype, example)).toBeInstanceOf(metatype);
  let accepted = 0;
  let left = 0;
  for (let count = 0; count < VARIANTS; count += 1) {
    let body = mutated(example);
    if (random(2) === 0) body = mutated(body);
    if (typeof body !== 'object' || body === null || Array.isArray(body)) continue;
    const before = structuredClone(body);
    const fast = rules.accept(metatype, body);
    expect(body).toStrictEqual(before);
    const slow = await slowly(metatype, body);
    // class-validator checks every value that the compiled rules do not accept, so only accepted values must agree.
    if (fast !== null) expect(fast).toStrictEqual(slow);
    accepted += fast === null ? 0 : 1;
    left += fast === null && slow !== null ? 1 : 0;
  }
  expect(accepted).toBeGreaterThan(0);
  expect(left).toBeLessThan(VARIANTS / 20);
});
