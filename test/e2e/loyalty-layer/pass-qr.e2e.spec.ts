import { drawQr, preferredQrType, QR_TYPES } from '../../../src/providers/loyalty-layer/passes/qr-image.js';
import { basicAuth, textAt } from '../../support/http.js';
import { pass, startWorld, type World } from '../../support/world.js';

let world: World;

beforeAll(async () => {
  world = await startWorld();
}, 60_000);

async function image(path: string, accept: string, auth = world.partner): Promise<Response> {
  return fetch(world.gateway().url + path, { headers: { accept, authorization: basicAuth(auth) } });
}

it.each<[string | undefined, string]>([
  [undefined, 'image/svg+xml'],
  ['*/*', 'image/svg+xml'],
  ['image/png', 'image/png'],
  ['image/*', 'image/svg+xml'],
  ['image/svg+xml;q=0.1, image/png;q=0.9', 'image/png'],
  ['text/html, image/png;q=0.5, */*;q=0.8', 'image/svg+xml'],
  ['text/html', 'image/svg+xml'],
  ['nonsense;;q=x', 'image/svg+xml'],
])('a request for a QR code with Accept %p is answered with %s', (accept, type) => {
  expect(preferredQrType(accept)).toBe(type);
});

it.each(QR_TYPES)(
  'QR data too long for a code is refused as %s, and the longest possible data is drawn',
  async (type) => {
    await expect(drawQr('a'.repeat(2_331), type)).resolves.toBeDefined();
    for (const text of ['a'.repeat(2_332), 'a'.repeat(100_000), '\u{1F3AB}'.repeat(583)]) {
      await expect(drawQr(text, type)).rejects.toMatchObject({ code: 'qr_too_long' });
    }
  },
);

it('a lounge pass has a QR code as SVG and PNG, for its owner alone', async () => {
  const issued = await world.call('POST', '/v1/passes', pass());
  const path = `/v1/passes/${textAt(issued.body, 'pass', 'id')}/qr`;
  const svg = await image(path, 'image/svg+xml');
  expect([svg.status, svg.headers.get('content-type')]).toEqual([200, expect.stringMatching(/^image\/svg\+xml/)]);
  expect(svg.headers.get('cache-control')).toBe('no-store');
  const text = await svg.text();
  expect(text).toMatch(/^<svg [\s\S]*<\/svg>\s*$/);
  // The image shows the QR data as modules, not as text.
  expect(text).not.toContain(textAt(issued.body, 'pass', 'qrData'));
  const png = await image(path, 'image/png');
  expect(png.headers.get('content-type')).toBe('image/png');
  expect(
    Buffer.from(await png.arrayBuffer())
      .subarray(1, 4)
      .toString('ascii'),
  ).toBe('PNG');
  expect((await image(path, 'image/png', await world.createApp())).status).toBe(404);
});

it('an eSIM has no QR code', async () => {
  const issued = await world.call('POST', '/v1/passes', pass({ planId: 'ESIM-MX-5GB' }));
  const path = `/v1/passes/${textAt(issued.body, 'pass', 'id')}/qr`;
  expect(await world.call('GET', path)).toMatchObject({ status: 404, body: { code: 'not_found' } });
});
