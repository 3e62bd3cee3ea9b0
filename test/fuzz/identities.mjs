import { basic } from '../faults/programs.mjs';
import { hostileAuthorization } from './hostile.mjs';
import { PASSWORD } from './values.mjs';

const SCOPES = ['accruals', 'members', 'cobranded', 'passes', 'topups', 'transactions:read', 'webhooks'];
/** The share of requests with a caller of the right kind. */
const RIGHTFUL_SHARE = 0.8;
/** The share of requests with wrong credentials: more than a few per second would get 429. */
const WRONG_SHARE = 0.05;

/** Creates all callers, with the first operator's credentials. */
export async function createIdentities(admin, notifier, pool) {
  const create = async (path, body) => {
    const made = await admin('POST', path, body);
    pool.protect([made.id, made.keyId]);
    return made;
  };
  const app = async (name, scopes) => {
    const { id } = await create('/v1/admin/apps', { name, scopes });
    const { keyId, secret } = await create(`/v1/admin/apps/${id}/keys`, {});
    return { username: keyId, password: secret };
  };
  const operator = async (role, name = role) => {
    const pair = { username: `fuzz-${name}`, password: PASSWORD };
    await create('/v1/admin/operators', { ...pair, role });
    return pair;
  };
  const partner = await app('fuzz', SCOPES);
  const changing = await operator('viewer', 'changing');
  const named = {
    partner,
    'other partner': await app('another', SCOPES),
    'partner without scopes': await app('without', ['webhooks']),
    viewer: await operator('viewer'),
    operator: await operator('operator'),
    admin: await operator('admin'),
    notifier,
  };
  return new Identities(named, changing);
}

class Identities {
  #rightful;
  #others;
  /** A separate operator for password changes, because a spoiled one may succeed. */
  #changing;

  constructor(named, changing) {
    const all = Object.entries(named).map(([name, pair]) => ({ name, headers: [['authorization', basic(pair)]] }));
    const of = (...names) => names.map((wanted) => all.find(({ name }) => name === wanted));
    this.#changing = { name: 'operator who changes', headers: [['authorization', basic(changing)]] };
    this.secrets = Object.values(named).map(({ password }) => password);
    this.#rightful = {
      partner: of('partner', 'partner', 'partner', 'partner', 'other partner'),
      operator: of('admin', 'admin', 'admin', 'operator'),
      notifier: of('notifier'),
      public: [{ name: 'none', headers: [] }],
    };
    const wrong = { username: named.partner.username, password: `${named.partner.password.slice(0, -1)}!` };
    this.#others = [
      ...all,
      { name: 'none', headers: [] },
      { name: 'wrong secret', headers: [['authorization', basic(wrong)]] },
    ];
  }

  pick({ caller, path }, random, isRightful) {
    if (path.endsWith('/me/password')) return this.#changing;
    if (isRightful || random.next() < RIGHTFUL_SHARE) return random.pick(this.#rightful[caller]);
    if (random.next() < WRONG_SHARE * 2)
      return { name: 'hostile credentials', headers: [['authorization', hostileAuthorization(random)]] };
    return random.pick(this.#others);
  }
}
