import { CREDENTIALS as LATAM_PASS } from '../../src/sandbox/latam-pass/credentials.js';
import { CREDENTIALS as LATCOM } from '../../src/sandbox/latcom/credentials.js';
import { CREDENTIALS as LOYALTY_LAYER } from '../../src/sandbox/loyalty-layer/credentials.js';
import { at, type SandboxProcess, type Seen } from './sandbox-process.js';

type Headers = Record<string, string>;

const { clientId, clientSecret, partnerId } = LATAM_PASS;

let lastNumber = 0;

/** An id that no other test of this file uses. */
export function newId(): string {
  lastNumber += 1;
  return `test-${lastNumber}`;
}

export class LatamPassClient {
  headers: Headers = {};

  constructor(
    private readonly sandbox: SandboxProcess,
    private readonly base = '/latam-pass/sandbox',
  ) {}

  token(code = `${clientId}:${clientSecret}`): Promise<Seen> {
    const headers = {
      client_id: clientId,
      authorization: `Basic ${Buffer.from(code).toString('base64')}`,
      'content-type': 'application/x-www-form-urlencoded',
    };
    return this.sandbox.request('POST', `${this.base}/oauth/access-token`, headers, 'grant_type=client_credentials');
  }

  async login(): Promise<this> {
    const { body } = await this.token();
    this.headers = { client_id: clientId, access_token: String(at(body, 'access_token')), 'x-latam-test': 'LatamPass' };
    return this;
  }

  accrue(ffn: string, id: string, changes: object = {}): Promise<Seen> {
    const body = { ...accrual(ffn, id), ...changes };
    return this.sandbox.send('POST', `${this.base}/v2/customer/loyalty/partner/accrual`, this.headers, body);
  }

  find(filter: string): Promise<Seen> {
    const query = `partnerIdentifier=${partnerId}&${filter}`;
    return this.sandbox.get(`${this.base}/v2/customer/loyalty/partner/accrual?${query}`, this.headers);
  }

  cobranded(method: 'POST' | 'DELETE', body: object): Promise<Seen> {
    const headers = { ...this.headers, 'x-issue-bank': LATAM_PASS.issueBank };
    return this.sandbox.send(method, `${this.base}/v1/customer/loyalty/partner/cobranded`, headers, body);
  }
}

export function accrual(ffn: string, id: string): { member: object; partner: Record<string, string>; points: number } {
  const partner = {
    partnerId,
    productId: LATAM_PASS.productIds[0],
    partnerAccrualId: id,
    partnerTransactionId: `order-${id}`,
    partnerOriginalDateTime: '2026-01-20T14:10:36.177-03:00',
  };
  return { member: { ffn }, partner, points: 3000 };
}

export class LoyaltyLayerClient {
  headers: Headers = {};

  constructor(private readonly sandbox: SandboxProcess) {}

  token(secret: string = LOYALTY_LAYER.clientSecret): Promise<Seen> {
    const body = { client_id: LOYALTY_LAYER.clientId, client_secret: secret };
    return this.sandbox.send('POST', '/loyalty-layer/auth/token', {}, body);
  }

  async login(): Promise<this> {
    const { body } = await this.token();
    this.headers = { authorization: `Bearer ${String(at(body, 'access_token'))}` };
    return this;
  }

  call(name: string, body: object): Promise<Seen> {
    return this.sandbox.send('POST', `/loyalty-layer/v1/${name}`, this.headers, body);
  }

  create(plan_id: string, email: string, enrol_token?: string): Promise<Seen> {
    return this.call('pass/create', { plan_id, enrol_token, holder: holder(email) });
  }
}

export function holder(email: string): object {
  return { first_name: 'Ana', last_name: 'Perez', email };
}

export class LatcomClient {
  headers: Headers = {};

  constructor(private readonly sandbox: SandboxProcess) {}

  async login(): Promise<this> {
    const body = { customer_id: LATCOM.customerId, secret_key: LATCOM.secretKey };
    const seen = await this.sandbox.send('POST', '/latcom/api/distributor/login', {}, body);
    this.headers = { authorization: `Bearer ${String(at(seen.body, 'access_token'))}` };
    return this;
  }

  balance(): Promise<Seen> {
    return this.sandbox.get('/latcom/api/distributor/get_balance', this.headers);
  }

  buy(phone_number: string, id: string, changes: object = {}): Promise<Seen> {
    const body = { distributor_transaction_id: id, phone_number, product_id: 'MOVISTAR_TAE', amount: 10, ...changes };
    return this.sandbox.send('POST', '/latcom/api/distributor/product_purchase', this.headers, body);
  }
}
