import { createServer } from 'node:http';
import { Webhook } from 'standardwebhooks';

/** Without a failure of its own kind an endpoint answers 204. */
const OK = 204;
/** Probability of a fault for an attempt that may fail. */
const FAULTY = 0.15;
/** After a failure for which a gateway takes the endpoint for down, its next attempts succeed for this time. */
const RECOVERY_MS = 12_000;
const SLOW_MS = [100, 1_500];
/** Longer than a gateway's deadline. */
const HANG_MS = 20_000;
/** Deliveries that were claimed before a rotation are signed with the secret before. */
const ROTATION_MS = 20_000;

const DOWN = { 'status-500': 500, 'status-502': 502, 'status-503': 503, 'status-429': 429 };
const REFUSALS = { 'status-400': 400, 'status-404': 404, 'status-422': 422 };

/** What may happen to an attempt at an endpoint of each kind. */
const FAULTS = {
  fine: [],
  slow: [],
  drops: ['drop-before', 'drop-after', 'half-answer'],
  random: [...Object.keys(DOWN), ...Object.keys(REFUSALS), 'status-201', 'status-299'],
  redirects: ['redirect'],
  hangs: ['hang'],
};

/**
 * A partner's receiver with faults of one kind. A delivery is refused once, and an endpoint is down once in a while, so that
 * the pauses of the gateway stay short. `dead` always answers 503.
 */
export class FaultyReceiver {
  /** Every attempt: id, body, when it came, when it was answered, and whether it was answered with success. */
  attempts = [];
  secrets = [];
  badSignatures = [];
  followedRedirects = 0;
  #isCalm = false;
  #refused = new Set();
  #wasDownAt = -Infinity;
  #rotatedAt = 0;
  #random;
  #server;

  constructor(kind, random) {
    this.kind = kind;
    this.#random = random;
    this.#server = createServer((request, response) => {
      const chunks = [];
      request.on('data', (chunk) => chunks.push(chunk));
      request.on('end', () => this.#take(request, response, Buffer.concat(chunks).toString('utf8')));
    });
  }

  async start() {
    await new Promise((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${this.#server.address().port}/${this.kind}`;
    return this;
  }

  stop() {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  calmDown() {
    this.#isCalm = true;
  }

  /** The receiver knows a new secret only when the gateway has answered. */
  rotate(secret) {
    this.secrets = [...this.secrets, secret].slice(-2);
    this.#rotatedAt = Date.now();
  }

  #take(request, response, body) {
    if (request.url !== `/${this.kind}`) this.followedRedirects += 1;
    const attempt = { id: request.headers['webhook-id'], body, at: Date.now(), answeredAt: null, ok: false };
    this.attempts.push(attempt);
    this.#verify(request.headers, attempt);
    const fault = this.#faultFor(attempt.id);
    response.once('close', () => (attempt.answeredAt = Date.now()));
    const answer = (status, headers = {}) => {
      attempt.ok = status >= 200 && status < 300;
      response.writeHead(status, headers).end();
    };
    if (this.kind === 'slow') setTimeout(answer, this.#random.between(...SLOW_MS), OK);
    else this.#do(fault, attempt, response, answer);
  }

  #do(fault, attempt, response, answer) {
    attempt.fault = fault;
    if (fault === null) answer(OK);
    else if (fault === 'drop-before') response.destroy();
    else if (fault === 'drop-after') setTimeout(() => response.destroy(), 300);
    else if (fault === 'half-answer') response.socket.end('HTTP/1.1 200 OK\r\ncontent-le');
    else if (fault === 'hang') setTimeout(() => response.destroy(), HANG_MS);
    else if (fault === 'redirect') answer(307, { location: this.url.replace('/redirects', '/elsewhere') });
    else answer(Number(fault.slice('status-'.length)), fault === 'status-429' ? { 'retry-after': '7' } : {});
  }

  #faultFor(id) {
    if (this.kind === 'dead') return 'status-503';
    const faults = FAULTS[this.kind];
    if (this.#isCalm || faults.length === 0 || this.#random.next() > FAULTY) return null;
    const fault = this.#random.pick(faults);
    if (/^status-2/.test(fault)) return fault;
    const isRefusal = fault in REFUSALS || fault === 'redirect';
    if (isRefusal) return this.#refused.has(id) ? null : (this.#refused.add(id), fault);
    if (Date.now() - this.#wasDownAt < RECOVERY_MS) return null;
    this.#wasDownAt = Date.now();
    return fault;
  }

  /** The official library verifies the signature, with a secret that the partner may use now. */
  #verify(headers, { id, body, at }) {
    const usable = at - this.#rotatedAt > ROTATION_MS ? this.secrets.slice(-1) : this.secrets;
    const verifies = (secret) => {
      try {
        return new Webhook(secret).verify(body, headers) !== undefined;
      } catch {
        return false;
      }
    };
    if (!usable.some(verifies)) this.badSignatures.push(id);
  }
}
