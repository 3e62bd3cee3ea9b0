import { Injectable } from '@nestjs/common';
import type { OperatorCaller } from '../../access/index.js';
import { Problem } from '../../common/problem.js';
import { Database } from '../../database/database.js';
import { ENDPOINT_COLUMNS, type Endpoint } from '../endpoints/endpoint.js';
import { Endpoints } from '../endpoints/endpoints.service.js';

const LIST = `
select ${ENDPOINT_COLUMNS} from webhook_endpoints p
where ($1::uuid is null or p.app_id = $1) and ($2::uuid is null or p.id < $2) order by p.id desc limit $3`;

const FIND = `select ${ENDPOINT_COLUMNS} from webhook_endpoints p where p.id = $1`;

/** The endpoints of all apps and of the operators, as operators see them. */
@Injectable()
export class AllEndpoints {
  constructor(
    private readonly database: Database,
    private readonly endpoints: Endpoints,
  ) {}

  /** Newest first. `appId`: null for all. */
  list(appId: string | null, limit: number, before: string | null): Promise<Endpoint[]> {
    return this.database.query<Endpoint>(LIST, [appId, before, limit]);
  }

  /** @throws Problem `not_found` */
  async read(id: string | null): Promise<Endpoint> {
    const [found] = id === null ? [] : await this.database.query<Endpoint>(FIND, [id]);
    if (!found) throw Problem.notFound('endpoint');
    return found;
  }

  /** An app cannot enable again what an operator has disabled. @throws Problem `not_found` */
  async setEnabled(caller: OperatorCaller, id: string | null, enabled: boolean): Promise<Endpoint> {
    const { appId } = await this.read(id);
    const verb = enabled ? 'enable' : 'disable';
    return this.endpoints.update({ appId, actor: caller }, id, { enabled }, verb);
  }

  /** @throws Problem `not_found`; `invalid_state` for the endpoint of an app: only its app changes it */
  async assertOperators(id: string | null): Promise<void> {
    const { appId } = await this.read(id);
    if (appId === null) return;
    throw new Problem('invalid_state', 'This is the endpoint of an app. You can only disable and enable it.');
  }
}
