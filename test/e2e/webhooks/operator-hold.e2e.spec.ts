import { textAt } from '../../support/http.js';
import { bareId } from '../../support/ids.js';
import { sql } from '../../support/sql.js';
import { newWebhookPartner } from '../../support/webhook-partner.js';
import type { WebhookReceiver } from '../../support/webhook-receiver.js';
import { startWorld, type World } from '../../support/world.js';

/* What an operator has disabled stays disabled, whatever its app does. */

let world: World;
const receivers: WebhookReceiver[] = [];

beforeAll(async () => {
  world = await startWorld();
}, 60_000);

afterAll(() => {
  for (const receiver of receivers) receiver.close();
});

it.each([null, 'by_app', 'gone', 'failing'])(
  'an app gets round the disable of an operator in no way (disabled before: %s)',
  async (reason) => {
    const { call, endpoint, receiver } = await newWebhookPartner(world, receivers);
    const path = `/v1/webhook-endpoints/${endpoint}`;
    await sql(
      world,
      `update webhook_endpoints set disabled_at = now(), disabled_reason = $2 where id = $1 and $2 <> ''`,
      [...[bareId(endpoint), reason]],
    );
    const disabled = await world.admin('POST', `/v1/admin/webhook-endpoints/${endpoint}/disable`);
    expect(disabled.body).toMatchObject({ status: 'disabled', disabledReason: 'by_operator' });
    expect((await call('PATCH', path, { enabled: false })).body).toMatchObject({ disabledReason: 'by_operator' });
    expect((await call('PATCH', path, { description: 'Bookings' })).status).toBe(200);
    for (const [method, where, body] of [
      ['PATCH', path, { enabled: true }],
      ['PATCH', path, { url: 'https://partner.example/elsewhere' }],
      ['DELETE', path, undefined],
      ['POST', '/v1/webhook-endpoints', { url: receiver.url }],
    ] as const) {
      const refused = await call(method, where, body);
      expect([method, refused.status, textAt(refused.body, 'code')]).toEqual([method, 409, 'invalid_state']);
    }
    const { body } = await call('DELETE', path);
    expect(textAt(body, 'detail')).toContain('Only an operator can enable it');
    expect((await call('GET', path)).body).toMatchObject({ disabledReason: 'by_operator', url: receiver.url });
    await world.admin('POST', `/v1/admin/webhook-endpoints/${endpoint}/enable`);
    expect((await call('DELETE', path)).status).toBe(204);
  },
);
