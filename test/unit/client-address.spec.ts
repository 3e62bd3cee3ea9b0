import { TrustedProxies } from '../../src/api/client-address.js';
import { readNetwork } from '../../src/readers/network.js';

const PROXIES = new TrustedProxies(['10.0.0.0/8', '192.0.2.7', '2001:db8:1::/48']);

describe('the address of a client', () => {
  it.each<[what: string, peer: string, header: string | undefined, address: string]>([
    ['without proxies between', '203.0.113.9', undefined, '203.0.113.9'],
    ['that writes the header itself', '203.0.113.9', '198.51.100.1', '203.0.113.9'],
    ['behind one proxy', '10.1.2.3', '203.0.113.9', '203.0.113.9'],
    ['behind two proxies', '10.1.2.3', '203.0.113.9, 192.0.2.7', '203.0.113.9'],
    ['that adds entries of its own', '10.1.2.3', '10.9.9.9, 127.0.0.1, 203.0.113.9', '203.0.113.9'],
    ['that is one of the proxies', '10.1.2.3', '10.4.4.4', '10.4.4.4'],
    ['behind a proxy that adds nothing', '10.1.2.3', undefined, '10.1.2.3'],
    ['behind a proxy that adds an empty header', '10.1.2.3', '', '10.1.2.3'],
    ['with a port', '10.1.2.3', '203.0.113.9:4711', '203.0.113.9'],
    ['of IPv6', '2001:db8:1::1', '2001:DB8:2::9', '2001:db8:2::9'],
    ['of IPv6 with a port', '10.1.2.3', '[2001:db8:2::9]:443', '2001:db8:2::9'],
    ['of IPv6 in brackets', '10.1.2.3', '[2001:db8:2::9]', '2001:db8:2::9'],
    ['of IPv4 in a socket of IPv6', '::ffff:10.1.2.3', '::ffff:203.0.113.9', '203.0.113.9'],
    ['behind a proxy that knows no address', '10.1.2.3', '203.0.113.9, unknown', '10.1.2.3'],
    ['behind a proxy that adds garbage', '10.1.2.3', '203.0.113.9, <script>, 192.0.2.7', '192.0.2.7'],
    ['with an octet too many', '10.1.2.3', '203.0.113.9.1', '10.1.2.3'],
    ['with an octet too large', '10.1.2.3', '203.0.113.256', '10.1.2.3'],
    ['with an empty entry', '10.1.2.3', '203.0.113.9,', '10.1.2.3'],
  ])('%s is resolved', (_what, peer, header, address) => {
    expect(PROXIES.clientOf(peer, header)).toBe(address);
  });

  it('is that of the connection when no proxy is trusted', () => {
    expect(new TrustedProxies([]).clientOf('127.0.0.1', '203.0.113.9')).toBe('127.0.0.1');
  });

  it.each(['10.1.2.3', '::ffff:10.1.2.3', '::ffff:a01:203'])(
    'is found behind the proxy %s when the trusted network is IPv4 mapped to IPv6',
    (peer) => {
      const proxies = new TrustedProxies(['::ffff:10.0.0.0/104']);
      expect(proxies.clientOf(peer, '203.0.113.9')).toBe('203.0.113.9');
      expect(proxies.clientOf('11.1.2.3', '203.0.113.9')).toBe('11.1.2.3');
    },
  );

  it('is found in a header of any length', () => {
    const header = `${'198.51.100.1, '.repeat(5_000)}203.0.113.9, ${'10.0.0.1, '.repeat(50)}10.0.0.2`;
    expect(PROXIES.clientOf('10.1.2.3', header)).toBe('203.0.113.9');
  });
});

describe('a network in CIDR notation', () => {
  it.each([
    ['10.0.0.0/8', { address: '10.0.0.0', prefix: 8, family: 'ipv4' }],
    ['192.0.2.7', { address: '192.0.2.7', prefix: 32, family: 'ipv4' }],
    ['2001:db8::/32', { address: '2001:db8::', prefix: 32, family: 'ipv6' }],
    ['::1', { address: '::1', prefix: 128, family: 'ipv6' }],
    ['::ffff:10.0.0.0/104', { address: '10.0.0.0', prefix: 8, family: 'ipv4' }],
    ['::FFFF:192.0.2.7', { address: '192.0.2.7', prefix: 32, family: 'ipv4' }],
    ['0:0:0:0:0:ffff:c000:207/128', { address: '192.0.2.7', prefix: 32, family: 'ipv4' }],
    ['::ffff:0:0/96', { address: '0.0.0.0', prefix: 0, family: 'ipv4' }],
    ['::/0', { address: '::', prefix: 0, family: 'ipv6' }],
  ])('%s is read', (text, network) => {
    expect(readNetwork(text)).toEqual(network);
  });

  it.each([
    '',
    'loopback',
    '10.0.0.0/33',
    '10.0.0/8',
    '2001:db8::/129',
    '::ffff:10.0.0.0/95',
    '::ffff:10.0.0.0/8',
    '10.0.0.0/-1',
    '10.0.0.0/',
    '10.0.0.0/8/8',
    ' ::1',
  ])('%p is not read', (text) => {
    expect(readNetwork(text)).toBeNull();
  });
});
