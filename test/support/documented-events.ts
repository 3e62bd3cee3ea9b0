import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { at } from './http.js';
import { openApi } from './openapi.js';
import type { ReceivedWebhook } from './webhook-receiver.js';

const ajv = new Ajv2020({ strict: true, allowUnionTypes: true });
addFormats.default(ajv);

/** What the document's `webhooks` do not describe: an event of another type, or with other members. */
export function undocumented(received: readonly ReceivedWebhook[]): string[] {
  return received.flatMap(({ event }) => {
    const content = at(openApi, 'webhooks', event.type, 'post', 'requestBody', 'content', 'application/json');
    const schema = at(content, 'schema');
    if (typeof schema !== 'object' || schema === null) return [`${event.type} is not described`];
    const isDescribed: boolean = ajv.validate(schema, event);
    return isDescribed ? [] : [`${event.type}: ${ajv.errorsText()}`];
  });
}
