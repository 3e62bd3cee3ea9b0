import { accrualEffects, accrualOnce, transactionEvents } from '../../support/accruals.js';
import { at, textAt } from '../../support/http.js';
import { MAGIC } from '../../support/magic.js';
import { accrual, startWorld } from '../../support/world.js';

it('without notifications, accruals get their end from the status query, and notifications are refused', async () => {
  const world = await startWorld({
    gateway: { LATAM_PASS_NOTIFICATION_USERNAME: '', LATAM_PASS_NOTIFICATION_PASSWORD: '' },
  });
  const answers = await Promise.all(
    ['01234567890', MAGIC.latamPass.canceledWithReason[112]].map((ffn) =>
      world.call('POST', '/v1/accruals', accrual({ member: { ffn } })),
    ),
  );
  const [good = '', bad = ''] = answers.map((answer) => textAt(answer.body, 'id'));
  expect(await accrualOnce(world, good, ['succeeded', 'failed'], 30_000)).toMatchObject({ status: 'succeeded' });
  expect(await accrualOnce(world, bad, ['succeeded', 'failed'], 5_000)).toMatchObject({
    status: 'failed',
    failure: { code: 'email_of_another_member' },
  });
  expect((await transactionEvents(world, good)).at(-1)).toMatchObject({ evidence: 'status query' });
  const [effect] = await accrualEffects(world, good);
  expect(at(effect, 'outcome')).toBe('PROCESSED');
  const queries = (await world.sandbox.calls('latam-pass')).filter((call) => call['operation'] === 'accrual-status');
  expect(queries).toHaveLength(2);
  const refused = await world
    .gateway()
    .request('POST', '/v1/providers/latam-pass/notifications', { auth: world.notifier, body: {} });
  expect(refused.status).toBe(401);
}, 60_000);
