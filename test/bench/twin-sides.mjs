import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { HttpService } from '@nestjs/axios';
import { Reflector } from '@nestjs/core';
import axios from 'axios';
import { parsePhoneNumberFromString } from 'libphonenumber-js/max';
import pg from 'pg';
import { v7 } from 'uuid';

/* The twins of `npm run bench:twins`: one entry each, both sides on the same inputs. Other files import only `statementOf`. */

const DIST = join(import.meta.dirname, '..', '..', 'dist');
const APP = '01900000-0000-7000-8000-000000000001';
/** CPU time that one side takes in one round, and before the first one. */
const ROUND_MICROS = 30_000;
const WARM_UP_MICROS = 200_000;
const KEPT_INPUTS = 4_096;

/** A statement of LATCOM; `round` makes its bytes unique. */
export function statementOf(lines, round) {
  const day = new Date(Date.now() - 2 * 86_400_000).toISOString().slice(0, 10);
  const rows = Array.from({ length: lines }, (_none, n) => {
    const id = `01900000-0000-7000-${(0x8000 + round).toString(16)}-${n.toString(16).padStart(12, '0')}`;
    return `${id},SUCCESS,${10 + (n % 90)}.00,MXN,${day}T${String(n % 24).padStart(2, '0')}:10:36Z\n`;
  });
  return `distributor_transaction_id,status,amount,currency,date\n${rows.join('')}`;
}

const module = (path) => import(join(DIST, path));
const inputs = (make) => Array.from({ length: KEPT_INPUTS }, (_none, n) => make(n));

/** A side that calls `work` so many times, with the inputs in turn. */
const each = (list, work) => (count) => {
  for (let n = 0; n < count; n += 1) work(list[n % list.length]);
};
const eachAwaited = (list, work) => async (count) => {
  for (let n = 0; n < count; n += 1) await work(list[n % list.length]);
};
/** The same with `width` calls in progress at a time. */
const together = (width, list, work) => async (count) => {
  let next = 0;
  const one = async () => {
    while (next < count) await work(list[next++ % list.length]);
  };
  await Promise.all(Array.from({ length: width }, one));
};

const topup = (n) => ({
  reference: `bench-${n}`,
  phoneNumber: `55${String((n * 7_919) % 100_000_000).padStart(8, '0')}`,
  productId: 'MOVISTAR_TAE',
  amount: { value: `${10 + (n % 90)}.00`, currency: 'MXN' },
});
async function validationTwins() {
  const { RequestValidation } = await module('api/validation.js');
  const { CreateTopupDto } = await module('providers/latcom/topups/topup.dto.js');
  const { TransactionQueryDto } = await module('operations/transactions/transaction-query.dto.js');
  const [compiled, standard] = [new RequestValidation(), new RequestValidation()];
  Reflect.set(standard, 'rules', { accept: () => null });
  const body = { type: 'body', metatype: CreateTopupDto };
  const query = { type: 'query', metatype: TransactionQueryDto };
  const sides = (list, metadata) => ({
    ours: eachAwaited(list, (one) => compiled.transform(one, metadata)),
    standard: eachAwaited(list, (one) => standard.transform(one, metadata)),
  });
  return [
    { name: 'compiled rules, a body', per: { topup: 1 }, frame: 'accept', ...sides(inputs(topup), body) },
    { name: 'compiled rules, a query', per: { page: 1 }, frame: 'accept', ...sides([{}, { limit: '25' }], query) },
  ];
}

async function accessTwins() {
  const [{ AppKeys }, { Authenticator }, { AccessGuard }, { AccessStrategy }, { RateLimiter }] = await Promise.all(
    ['app-keys.service', 'authenticator.service', 'access.guard', 'basic.strategy', 'rate-limiter.service'].map(
      (name) => module(`access/${name}.js`),
    ),
  );
  const [{ newApiSecret }, { Vault }] = [await module('access/api-secret.js'), await module('crypto/gateway-vault.js')];
  const { TransactionsController: controller } = await module('operations/transactions/transactions.controller.js');
  const [vault, secret, keyId] = [new Vault(Buffer.alloc(32, 1)), newApiSecret(), v7()];
  const key = { keyId, secretMac: vault.mac('api-secret', secret), expiresAt: null, appId: APP, name: 'bench' };
  const row = { ...key, scopes: ['transactions:read'], granted: 1_000_000_000, remainingMs: 60_000 };
  const database = { prepared: async () => [row] };
  const authorization = `Basic ${Buffer.from(`key_${keyId}:${secret}`).toString('base64')}`;
  const authenticator = new Authenticator(new AppKeys(database, vault));
  new AccessStrategy(authenticator);
  const reply = { header: () => reply };
  const contextOf = () => {
    const request = { headers: { authorization }, raw: { headersDistinct: { authorization: [authorization] } } };
    const http = { getRequest: () => ({ ...request, gateway: {}, query: {}, params: {} }), getResponse: () => reply };
    const whole = http.getRequest();
    return {
      switchToHttp: () => ({ ...http, getRequest: () => whole }),
      getHandler: () => controller.prototype.read,
      getClass: () => controller,
    };
  };
  const guard = (known) => {
    const config = { rateLimitPerMinute: 1_000_000_000 };
    return new AccessGuard(new Reflector(), new RateLimiter(database), config, known);
  };
  const unknowing = Object.create(authenticator, { recall: { value: () => null } });
  const side = (one) => eachAwaited([null], () => one.canActivate(contextOf()));
  const sides = { ours: side(guard(authenticator)), standard: side(guard(unknowing)) };
  return [{ name: 'recognized credentials', per: { topup: 1, one: 1, page: 1 }, ...sides }];
}

/** What `readPhoneNumber` asks the library about a number of a new block. */
function looksInUse(national) {
  const parsed = parsePhoneNumberFromString(national, 'MX');
  return parsed?.isValid() === true && parsed.country === 'MX' ? parsed.getType() : undefined;
}

async function textTwins() {
  const { isoTime } = await module('operations/transactions/iso-time.js');
  const { parseTimestamp } = await module('database/timestamps.js');
  const { newUuid } = await module('common/ids.js');
  const { randomPart } = await module('crypto/random-pool.js');
  const { readPhoneNumber } = await module('providers/latcom/topups/phone-number.js');
  const { LocalClock } = await module('readers/local-clock.js');
  const usual = pg.types.getTypeParser(pg.types.builtins.TIMESTAMPTZ);
  const start = Date.now();
  // As on a page: the newest first, some milliseconds apart, and created, updated and completed at about the same time.
  const dates = inputs((n) => new Date(start - Math.floor(n / 3) * 40 + (n % 3) * 30));
  const written = dates.map((date) => date.toISOString().replace('T', ' ').replace('Z', '123+00'));
  const phones = inputs((n) => topup(n).phoneNumber);
  const [clock, plain] = [new LocalClock('America/Mexico_City'), new LocalClock('America/Mexico_City')];
  Reflect.set(plain, 'offsets', { get: () => undefined, set: () => undefined });
  // Five ids (request, transaction, two events, balance) and two sealed texts.
  const times = (count, make) => Array.from({ length: count }, make);
  const pooled = () => [times(5, newUuid), times(2, () => randomPart(12))];
  const unpooled = () => [times(5, () => v7()), times(2, () => randomBytes(12))];
  const pair = (list, ours, standard) => ({ ours: each(list, ours), standard: each(list, standard) });
  return [
    {
      name: 'times written',
      per: { page: 75, one: 3 },
      frame: 'isoTime',
      ...pair(dates, isoTime, (date) => date.toISOString()),
    },
    { name: 'times read', per: { page: 91, one: 4 }, frame: 'parseTimestamp', ...pair(written, parseTimestamp, usual) },
    { name: "a top-up's ids and nonces", per: { topup: 1 }, frame: 'newUuid', ...pair([null], pooled, unpooled) },
    {
      name: 'phone numbers by block',
      per: { topup: 1 },
      ...pair(phones, readPhoneNumber, looksInUse),
    },
    {
      name: 'local times of a statement',
      per: { line: 1 },
      ...pair(
        dates,
        (at) => clock.instantsOf(+at),
        (at) => plain.instantsOf(+at),
      ),
    },
  ];
}

async function statementTwins() {
  const { StatementRows } = await module('reconciliation/statements/reading/statement-rows.js');
  const LINES = 20_000;
  const bytes = Buffer.from(statementOf(LINES, 0));
  const read = (isCareful) => (count) => {
    for (let left = count; left > 0; left -= LINES) {
      const rows = new StatementRows({ provider: 'latcom', columns: {}, isCareful });
      for (let at = 0; at < bytes.length; at += 65_536) {
        rows.add(bytes.subarray(at, at + 65_536));
        rows.take();
      }
      rows.end();
      if (rows.kept !== LINES) throw new Error('the statement was not read');
    }
  };
  return [{ name: 'plain statement lines', per: { line: 1 }, step: LINES, ours: read(false), standard: read(true) }];
}

async function databaseTwins() {
  const { Database } = await module('database/database.js');
  const { LedgerReader } = await module('ledger/reads/ledger-reader.service.js');
  const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 20 });
  const reader = new LedgerReader(new Database(pool));
  const { rows } = await pool.query('select id from transactions order by md5(id::text) limit 1000');
  const ids = rows.map(({ id }) => id);
  return [
    {
      name: 'single reads gathered',
      per: { one: 1 },
      ours: together(64, ids, (id) => reader.find(id, APP)),
      standard: together(64, ids, (id) => reader.findMany([id])),
    },
  ];
}

async function providerTwins() {
  const { ProviderHttp } = await module('outbound/provider-http.service.js');
  const http = new ProviderHttp(new HttpService(axios.create()), { outboundProxy: null });
  const requests = inputs((n) => ({
    method: 'POST',
    url: `http://127.0.0.1:${process.env.PROVIDER_PORT}/product_purchase`,
    headers: { 'content-type': 'application/json', authorization: 'Bearer bench' },
    body: JSON.stringify({ ...topup(n), amount: 10 }),
    deadlineMs: 30_000,
  }));
  const side = (method) => together(64, requests, (request) => http[method](request));
  return [{ name: 'calls to a provider', per: { topup: 1 }, ours: side('send'), standard: side('sendThroughAxios') }];
}

async function cpuOf(side, count) {
  const before = process.cpuUsage();
  await side(count);
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

/** How many calls of a side take a round's time. */
async function calibrated(side, step) {
  let count = step;
  let spent = 0;
  for (let last = 0; last < ROUND_MICROS || spent < WARM_UP_MICROS; spent += last) {
    last = await cpuOf(side, count);
    if (last < ROUND_MICROS) count *= 2;
  }
  return count;
}

async function measure({ name, per, frame, step = 1, ours, standard }, rounds) {
  const sides = { ours, standard };
  const counts = { ours: await calibrated(ours, step), standard: await calibrated(standard, step) };
  const results = { ours: [], standard: [] };
  for (let round = 0; round < rounds; round += 1) {
    for (const side of round % 2 === 0 ? ['ours', 'standard'] : ['standard', 'ours']) {
      results[side].push((await cpuOf(sides[side], counts[side])) / counts[side]);
    }
  }
  return { name, per, frame, ...results };
}

if (process.argv[2] === 'measure') {
  const results = [];
  for (const make of [validationTwins, accessTwins, textTwins, statementTwins, databaseTwins, providerTwins]) {
    for (const twin of await make()) results.push(await measure(twin, Number(process.argv[3])));
  }
  process.send({ results }, () => process.exit(0));
}
