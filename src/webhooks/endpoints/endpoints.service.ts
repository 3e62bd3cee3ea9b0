import { Injectable } from '@nestjs/common';
import { DataSource, QueryFailedError, type EntityManager } from 'typeorm';
import { Audit } from '../../access/index.js';
import { newUuid, publicId } from '../../common/ids.js';
import { Problem } from '../../common/problem.js';
import { AppVault } from '../../crypto/app-vault.js';
import { Database, SQLSTATE } from '../../database/database.js';
import { errorCode } from '../../readers/error-code.js';
import type { SubscribedType } from '../events/gateway-event-types.js';
import { faultOfUrl } from '../sending/endpoint-url.js';
import { newSigningSecret } from '../sending/signature.js';
import { WebhookHttp } from '../sending/webhook-http.service.js';
import { urlKey } from './url-key.js';
import { ENDPOINT_COLUMNS, type Endpoint } from './endpoint.js';
import { secretCipher, type EndpointOwner } from './owner.js';

const MAX_ENDPOINTS = 10;
/** Every request has a signature of each. */
const MAX_PREVIOUS_SECRETS = 4;

/** Of an endpoint `p`: it is the app's; $1 null: the operators'. The planner knows the value, so it uses the index. */
const IS_OWN = `(p.app_id = $1::uuid or $1::uuid is null and p.app_id is null)`;

/** The owner is locked, so that two requests at once make neither an eleventh endpoint nor a second one with the same URL. */
const LOCK_APP = `select 1 as locked from apps where id = $1 and deleted_at is null for update`;
const OPERATORS_LOCK = 4_217_040;
const LOCK_OPERATORS = `select pg_advisory_xact_lock(${OPERATORS_LOCK})`;
const URLS = `select p.id, p.url from webhook_endpoints p where ${IS_OWN}`;

const INSERT = `
with p as (
  insert into webhook_endpoints (id, app_id, url, types, description, secret) values ($1, $2, $3, $4, $5, $6) returning *
) select ${ENDPOINT_COLUMNS} from p`;

const LIST = `
select ${ENDPOINT_COLUMNS} from webhook_endpoints p
where ${IS_OWN} and ($2::uuid is null or p.id < $2) order by p.id desc limit $3`;

const FIND = `select ${ENDPOINT_COLUMNS} from webhook_endpoints p where ${IS_OWN} and p.id = $2`;

/**
 * Enabling forgets earlier failures, so that the next event is sent at once. A new URL has not failed yet. An operator's reason
 * replaces any other, and no other replaces it: otherwise the app could enable the endpoint again.
 */
const UPDATE = `
with changed as (
update webhook_endpoints p set
  url = coalesce($3, p.url), types = coalesce($4, p.types), updated_at = now(),
  description = case when $5 then $6 else p.description end,
  disabled_at = case when $7 then null when $7 = false then coalesce(p.disabled_at, now()) else p.disabled_at end,
  disabled_reason = case when $7 then null when $7 = false and $8 = 'by_operator' then $8
    when $7 = false then coalesce(p.disabled_reason, $8) else p.disabled_reason end,
  failures = case when $7 or $3 <> p.url then 0 else p.failures end,
  next_probe_at = case when $7 or $3 <> p.url then null else p.next_probe_at end,
  failing_since = case when $7 or $3 <> p.url then null else p.failing_since end,
  max_in_flight = case when $7 or $3 <> p.url then 1 else p.max_in_flight end,
  replay_failures = case when $7 or $3 <> p.url then 0 else p.replay_failures end,
  replay_due_at = case when $7 or $3 <> p.url then null else p.replay_due_at end
where ${IS_OWN} and p.id = $2
returning *
) select ${ENDPOINT_COLUMNS} from changed p`;

const DELETE = `delete from webhook_endpoints p where ${IS_OWN} and p.id = $2`;
const DELETE_REPLAYS = `delete from webhook_replays where endpoint_id = $1`;

/**
 * The secret that is replaced signs beside the new one until its time has passed. So do earlier ones: after a rotation whose
 * response was lost and that was repeated, the receiver has only the first. Without a grace period all of them end now.
 */
const ROTATE = `
update webhook_endpoints p set secret = $3, updated_at = now(), (previous_secrets, previous_until) = (
  select coalesce(array_agg(k.secret), '{}'), coalesce(array_agg(k.until), '{}')
  from (
    select s.secret, s.until
    from unnest(p.previous_secrets || p.secret, p.previous_until || (now() + $4 * interval '1 s')) s (secret, until)
    where $4 > 0 and s.until > now() and s.secret is not null order by s.until desc limit ${MAX_PREVIOUS_SECRETS}
  ) k)
where ${IS_OWN} and p.id = $2`;

export interface NewEndpoint {
  readonly url: string;
  readonly types: readonly SubscribedType[];
  readonly description: string | null;
}

export interface EndpointChanges {
  readonly url?: string | undefined;
  readonly types?: readonly SubscribedType[] | undefined;
  /** null removes it. */
  readonly description?: string | null | undefined;
  readonly enabled?: boolean | undefined;
}

/** Creates and changes the endpoints of apps and of operators. */
@Injectable()
export class Endpoints {
  constructor(
    private readonly source: DataSource,
    private readonly database: Database,
    private readonly vault: AppVault,
    private readonly audit: Audit,
    private readonly http: WebhookHttp,
  ) {}

  /**
   * The secret is returned here and never again.
   * @throws Problem `validation_failed` for a URL that is not allowed; `invalid_state` for an eleventh endpoint or a second
   *   one with the same URL
   */
  async create(owner: EndpointOwner, { url, types, description }: NewEndpoint): Promise<[Endpoint, secret: string]> {
    this.assertAllowed(url);
    const secret = newSigningSecret();
    const sealed = (await secretCipher(this.vault, owner.appId)).seal(secret);
    const made = await this.inOne(async (manager) => {
      const count = await assertFree(manager, owner.appId, { url, exceptId: null });
      if (count >= MAX_ENDPOINTS) {
        throw new Problem('invalid_state', `There can be at most ${MAX_ENDPOINTS} endpoints. Delete one first.`);
      }
      const values = [newUuid(), owner.appId, url, types, description, sealed];
      const [endpoint] = await manager.query<Endpoint[]>(INSERT, values);
      if (!endpoint) throw new Error('a new endpoint was not returned');
      const detail = { host: new URL(url).host };
      await this.audit.record(owner.actor, 'webhook_endpoint.create', publicId('whep', endpoint.id), detail, manager);
      return endpoint;
    });
    return [made, secret];
  }

  /** Newest first. */
  list(appId: string | null, limit: number, before: string | null): Promise<Endpoint[]> {
    return this.database.query<Endpoint>(LIST, [appId, before, limit]);
  }

  /** @throws Problem `not_found` */
  async read(appId: string | null, id: string | null): Promise<Endpoint> {
    const [found] = id === null ? [] : await this.database.query<Endpoint>(FIND, [appId, id]);
    if (!found) throw Problem.notFound('endpoint');
    return found;
  }

  /**
   * Without changes nothing is written.
   * @throws Problem `not_found`; `validation_failed`; `invalid_state` for the URL of another endpoint, and for an app that
   *   enables an endpoint that an operator has disabled, or gives it another URL
   */
  async update(owner: EndpointOwner, id: string | null, changes: EndpointChanges, verb = 'update'): Promise<Endpoint> {
    const { url, types, description, enabled } = changes;
    if (url !== undefined) this.assertAllowed(url);
    const values = [
      ...[owner.appId, id, url ?? null, types ?? null, description !== undefined, description ?? null],
      ...[enabled ?? null, owner.actor.kind === 'app' ? 'by_app' : 'by_operator'],
    ];
    const changed = Object.entries(changes).flatMap(([name, value]) => (value === undefined ? [] : [name]));
    if (changed.length === 0) return this.read(owner.appId, id);
    const detail = { changed: changed.join(' '), ...(url !== undefined && { host: new URL(url).host }) };
    return this.inOne(async (manager) => {
      if (url !== undefined) await assertFree(manager, owner.appId, { url, exceptId: id });
      const before = await lock(manager, owner.appId, id);
      if (enabled === true || url !== undefined) assertNotHeld(owner, before);
      const [endpoint] = await manager.query<Endpoint[]>(UPDATE, values);
      if (!endpoint) throw new Error('a changed endpoint was not returned');
      await this.audit.record(owner.actor, `webhook_endpoint.${verb}`, publicId('whep', endpoint.id), detail, manager);
      return endpoint;
    });
  }

  /**
   * Also removes its replays; its deliveries follow soon.
   * @throws Problem `not_found`; `invalid_state` for an app whose endpoint an operator has disabled
   */
  async remove(owner: EndpointOwner, id: string | null): Promise<void> {
    await this.inOne(async (manager) => {
      const endpoint = await lock(manager, owner.appId, id);
      assertNotHeld(owner, endpoint);
      const { id: found } = endpoint;
      await manager.query(DELETE, [owner.appId, found]);
      await manager.query(DELETE_REPLAYS, [found]);
      await this.audit.record(owner.actor, 'webhook_endpoint.delete', publicId('whep', found), {}, manager);
    });
  }

  /** Returns the new secret, once. The old one signs too for `graceSeconds`; 0 ends all old ones. @throws Problem `not_found` */
  async rotateSecret(owner: EndpointOwner, id: string | null, graceSeconds: number): Promise<string> {
    await this.read(owner.appId, id);
    const secret = newSigningSecret();
    const sealed = (await secretCipher(this.vault, owner.appId)).seal(secret);
    await this.inOne(async (manager) => {
      const { id: found } = await lock(manager, owner.appId, id);
      await manager.query(ROTATE, [owner.appId, found, sealed, graceSeconds]);
      const target = publicId('whep', found);
      await this.audit.record(owner.actor, 'webhook_endpoint.rotate_secret', target, { graceSeconds }, manager);
    });
    return secret;
  }

  /** @throws Problem `validation_failed` */
  private assertAllowed(url: string): void {
    const fault = faultOfUrl(url, this.http.rules);
    if (fault !== null) throw Problem.invalid('/url', fault);
  }

  /** The change and its line in the audit log are one commit. */
  private async inOne<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    try {
      return await this.source.transaction(work);
    } catch (error) {
      const isTaken = error instanceof QueryFailedError && errorCode(error.driverError) === SQLSTATE.uniqueViolation;
      if (!isTaken) throw error;
      throw urlTaken();
    }
  }
}

/** Waits for other changes of the endpoint. @throws Problem `not_found`, also when it was deleted meanwhile */
async function lock(manager: EntityManager, appId: string | null, id: string | null): Promise<Endpoint> {
  const [found] = id === null ? [] : await manager.query<Endpoint[]>(`${FIND} for update`, [appId, id]);
  if (!found) throw Problem.notFound('endpoint');
  return found;
}

/**
 * What an operator has disabled stays disabled, and its URL taken: an app that deletes it, or gives it another URL, could
 * register the same URL again. @throws Problem `invalid_state`
 */
function assertNotHeld({ actor }: EndpointOwner, { disabledReason }: Endpoint): void {
  if (actor.kind !== 'app' || disabledReason !== 'by_operator') return;
  const detail = 'An operator has disabled this endpoint. Only an operator can enable it; until then it keeps its URL.';
  throw new Problem('invalid_state', detail);
}

/** Locks the app and returns the number of its endpoints. @throws Problem `not_found`; `invalid_state` for a URL in use */
async function assertFree(
  manager: EntityManager,
  appId: string | null,
  { url, exceptId }: { readonly url: string; readonly exceptId: string | null },
): Promise<number> {
  const [lock, values] = appId === null ? [LOCK_OPERATORS, []] : [LOCK_APP, [appId]];
  const locked = await manager.query<object[]>(lock, values);
  if (locked.length === 0) throw Problem.notFound('app');
  const endpoints = await manager.query<Pick<Endpoint, 'id' | 'url'>[]>(URLS, [appId]);
  const isTaken = endpoints.some((endpoint) => endpoint.id !== exceptId && urlKey(endpoint.url) === urlKey(url));
  if (isTaken) throw urlTaken();
  return endpoints.length;
}

function urlTaken(): Problem {
  return new Problem('invalid_state', 'Another endpoint of yours has this URL. Change that one instead.');
}
