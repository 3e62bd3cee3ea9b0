const MAX_EACH = 400;
const MAX_READ_BYTES = 200_000;
const ID = /^(txn|pass|app|key|opr|rec|brk|ntf|evt|whep|whd|rpl)_[0-9a-f-]{36}$/;

/** Ids from earlier answers, by kind. Later requests use them, so that they do not all end as "not found". */
export class Pool {
  #lists = new Map();
  #kept = new Set();

  /** Protects ids that the fuzz program itself uses: no request may change or remove these objects. */
  protect(ids) {
    for (const id of ids) this.#kept.add(id);
  }

  add(kind, value) {
    if (this.#kept.has(value)) return;
    const list = this.#lists.get(kind) ?? [];
    this.#lists.set(kind, list);
    if (list.length < MAX_EACH) list.push(value);
    else list[list.length % MAX_EACH] = list.splice(0, 1, value)[0];
  }

  /** Always takes one number of the stream, so that the same seed makes the same requests. */
  pick(kind, random) {
    const chance = random.next();
    const list = this.#lists.get(kind) ?? [];
    return list[Math.floor(chance * list.length)];
  }

  /** Learns ids from the answer to a successful request. */
  learn({ operation, target }, body) {
    const [, appId] = /^\/v1\/admin\/apps\/(app_[0-9a-f-]{36})/.exec(target) ?? [];
    if (appId && operation === 'DELETE /v1/admin/apps/{id}') this.add('removed app', appId);
    if (body.length > MAX_READ_BYTES) return;
    let json;
    try {
      json = JSON.parse(body.toString());
    } catch {
      return;
    }
    if (typeof json?.nextCursor === 'string') this.add(`cursor ${operation.split(' ')[1]}`, json.nextCursor);
    if (appId && json?.keyId && !this.#kept.has(appId)) this.add('app and key', `${appId} ${json.keyId}`);
    this.#walk(json);
  }

  #walk(value) {
    if (typeof value === 'string' && ID.test(value)) this.add(value.split('_')[0], value);
    if (typeof value !== 'object' || value === null) return;
    if (typeof value.id === 'string' && value.id.startsWith('txn_') && value.type) this.#transaction(value);
    Object.values(value).forEach((member) => this.#walk(member));
  }

  #transaction({ id, type, status, correlationId, reference }) {
    this.add(type, id);
    this.add(status, id);
    if (correlationId && status === 'processing') this.add('correlation', correlationId);
    if (reference) this.add('reference', reference);
  }
}
