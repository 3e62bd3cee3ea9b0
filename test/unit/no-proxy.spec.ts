import { exemptionFor } from '../../src/config/no-proxy.js';

test.each([
  ['a.example', 'a.example', 443, true],
  ['a.example', 'A.Example', 443, true],
  ['A.example.', 'a.example', 443, true],
  ['a.example', 'a.example.', 443, true],
  ['a.example', 'b.a.example', 443, true],
  ['a.example', 'ba.example', 443, false],
  ['.a.example', 'b.a.example', 443, true],
  ['.a.example', 'a.example', 443, false],
  ['*.a.example', 'c.b.a.example', 443, true],
  ['*.a.example', 'a.example', 443, false],
  ['a.example:8443', 'a.example', 8443, true],
  ['a.example:8443', 'a.example', 443, false],
  ['10.1.2.3', '10.1.2.3', 443, true],
  ['10.1.2.3', '10.1.2.30', 443, false],
  ['10.1.2.3:443', '10.1.2.3', 443, true],
  ['10.1.2.3:443', '10.1.2.3', 80, false],
  ['10.0.0.0/8', '10.200.0.1', 443, true],
  ['10.0.0.0/8', '11.0.0.1', 443, false],
  ['10.0.0.0/8', '10.example', 443, false],
  ['fd00::/8', 'fd12::1', 443, true],
  ['fd12:0::1', 'fd12::1', 443, true],
  ['[fd12::1]:443', 'fd12::1', 443, true],
  ['[fd12::1]:443', 'fd12::1', 80, false],
  ['*', 'anything.example', 1, true],
])('NO_PROXY=%s exempts %s:%i: %s', (entry, host, port, expected) => {
  expect(exemptionFor([entry])(host, port)).toBe(expected);
});

test.each(['localhost', 'LOCALHOST', '127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1'])(
  'the loopback target %s never needs the proxy',
  (host) => {
    expect(exemptionFor([])(host, 443)).toBe(true);
  },
);

test.each(['localhost.example', '127.0.0.1.example', '128.0.0.1', '::2', 'provider.example'])(
  'the target %s needs the proxy unless NO_PROXY names it',
  (host) => {
    expect(exemptionFor([])(host, 443)).toBe(false);
  },
);
