import { Injectable } from '@nestjs/common';
import { newUuid, publicId } from '../../common/ids.js';
import { Problem } from '../../common/problem.js';
import { AppVault } from '../../crypto/app-vault.js';
import { Database } from '../../database/database.js';
import { PREVIOUS_SECRETS } from '../endpoints/endpoint.js';
import { secretCipher } from '../endpoints/owner.js';
import { TEST_TYPE } from '../events/gateway-event-schema.js';
import { API_VERSION } from '../events/published-event.js';
import { WebhookHttp, type SendResult } from '../sending/webhook-http.service.js';
import { requestOf } from './webhook-request.js';

const FIND = `
select url, secret, ${PREVIOUS_SECRETS} as "previousSecrets"
from webhook_endpoints p where app_id is not distinct from $1::uuid and id = $2`;

interface Target {
  readonly url: string;
  readonly secret: Buffer | null;
  readonly previousSecrets: readonly Buffer[] | null;
}

/** Sends one event at once, for partners who set up a receiver. Nothing of it is recorded. */
@Injectable()
export class EndpointTest {
  private readonly inProgress = new Set<string>();

  constructor(
    private readonly database: Database,
    private readonly vault: AppVault,
    private readonly http: WebhookHttp,
  ) {}

  /**
   * `appId`: null for the operators.
   * @throws Problem `not_found`; `rate_limited` while another test of the endpoint is in progress in this process
   */
  async run(appId: string | null, endpointId: string | null): Promise<SendResult> {
    const [target] = endpointId === null ? [] : await this.database.query<Target>(FIND, [appId, endpointId]);
    if (endpointId === null || !target?.secret) throw Problem.notFound('endpoint');
    if (this.inProgress.has(endpointId)) {
      const detail = 'A test of this endpoint is in progress. Wait for its result.';
      throw new Problem('rate_limited', detail, { retryAfterSeconds: 1 });
    }
    this.inProgress.add(endpointId);
    try {
      return await this.send(appId, endpointId, target);
    } finally {
      this.inProgress.delete(endpointId);
    }
  }

  private async send(appId: string | null, endpointId: string, target: Target): Promise<SendResult> {
    const cipher = await secretCipher(this.vault, appId);
    const sealed = [...(target.secret ? [target.secret] : []), ...(target.previousSecrets ?? [])];
    const secrets = sealed.map((secret) => cipher.open(secret));
    const eventId = newUuid();
    const body = JSON.stringify({
      id: publicId('evt', eventId),
      type: TEST_TYPE,
      timestamp: new Date().toISOString(),
      apiVersion: API_VERSION,
      data: { endpointId: publicId('whep', endpointId) },
    });
    return this.http.send(requestOf({ url: target.url, eventId, traceId: eventId, body, secrets }));
  }
}
