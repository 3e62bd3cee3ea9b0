import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { ALL_TYPES } from '../../src/webhooks/events/event-types.js';
import { OPS_TYPES } from '../../src/webhooks/events/gateway-event-types.js';
import { at, textAt } from '../support/http.js';
import { openApi } from '../support/openapi.js';

const PROJECT_FOLDER = join(import.meta.dirname, '..', '..');

it('openapi.json is generated from the built application; otherwise run `npm run openapi`', () => {
  const said = execFileSync(process.execPath, [join(PROJECT_FOLDER, 'dist/cli/openapi.js')], { encoding: 'utf8' });
  expect(said).toBe(readFileSync(join(PROJECT_FOLDER, 'openapi.json'), 'utf8'));
}, 30_000);

it('describes every response', () => {
  const document = readFileSync(join(PROJECT_FOLDER, 'openapi.json'), 'utf8');
  expect(document).toContain('"description": "OK"');
  expect(document).not.toMatch(/"description": "\s*"/);
});

it('describes a webhook for each type of event, with an example that fits its schema', () => {
  const types = [...ALL_TYPES, 'webhook_endpoint.disabled', 'webhook_endpoint.test', ...OPS_TYPES];
  expect(Object.keys(Object(at(openApi, 'webhooks')) as object)).toEqual(types);
  const ajv = new Ajv2020({ strict: true, allowUnionTypes: true });
  addFormats.default(ajv);
  for (const type of types) {
    const webhook = at(openApi, 'webhooks', type, 'post');
    const names = ['webhook-id', 'webhook-timestamp', 'webhook-signature'];
    expect(at(webhook, 'parameters')).toMatchObject(names.map((name) => ({ name, in: 'header', required: true })));
    expect(textAt(webhook, 'responses', '410', 'description')).toContain('disabled');
    const body = at(webhook, 'requestBody', 'content', 'application/json');
    expect([type, ajv.validate(at(body, 'schema') as object, at(body, 'example')), ajv.errors]).toEqual([
      type,
      true,
      null,
    ]);
    expect(textAt(body, 'example', 'type')).toBe(type);
    expect(ajv.validate(at(body, 'schema') as object, { ...Object(at(body, 'example')), type: 'another' })).toBe(false);
  }
});
