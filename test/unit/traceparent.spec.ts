import { newUuid } from '../../src/common/ids.js';
import { traceparent } from '../../src/webhooks/sending/traceparent.js';

it('webhooks of a transaction are one trace, each attempt a span of its own', () => {
  const transaction = newUuid();
  const headers = Array.from({ length: 100 }, () => traceparent(transaction));
  for (const header of headers) {
    // W3C trace context, version 00: neither id is all zeros.
    expect(header).toMatch(/^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-01$/);
    expect(header.slice(3, 35)).toBe(transaction.replaceAll('-', ''));
  }
  expect(new Set(headers).size).toBe(headers.length);
  expect(traceparent(transaction, () => Buffer.alloc(8))).toMatch(/-0100000000000000-01$/);
});
