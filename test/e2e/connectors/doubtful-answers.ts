import {
  answered,
  cutInHalf,
  dropped,
  executedThen,
  html,
  json,
  type Fault,
  type Reply,
} from '../../support/faulty-proxy.js';

const failure = (status: number): Reply => json(status, { message: 'upstream failed' });
const odd = (body: string, type = 'application/json'): Fault =>
  executedThen(() => ({ status: 200, headers: { 'content-type': type }, body }));

function withOtherTypes(reply: Reply): Reply {
  const body: unknown = JSON.parse(reply.body);
  if (typeof body !== 'object' || body === null) throw new Error('the right answer has no members');
  const members = Object.keys(body).map((name) => [name, { name }] as const);
  return { ...reply, body: JSON.stringify(Object.fromEntries(members)) };
}

/** An answer that does not show whether the provider executed the operation. `executed`: whether it really did. */
export interface DoubtfulAnswer {
  readonly title: string;
  readonly executed: 0 | 1;
  readonly fault: Fault;
}

/** The doubtful answers of any provider. `refusal`: the provider's own refusal of an operation. */
export function doubtfulAnswers(refusal: Reply): readonly DoubtfulAnswer[] {
  return [
    ...DOUBTFUL,
    { title: '500 with a refusal, executed', executed: 1, fault: executedThen(() => ({ ...refusal, status: 500 })) },
    { title: '503 with a refusal, not executed', executed: 0, fault: answered({ ...refusal, status: 503 }) },
  ];
}

const DOUBTFUL: readonly DoubtfulAnswer[] = [
  { title: '500, not executed', executed: 0, fault: answered(failure(500)) },
  { title: '503, not executed', executed: 0, fault: answered(failure(503)) },
  { title: '500, executed', executed: 1, fault: executedThen(() => failure(500)) },
  { title: '502, executed', executed: 1, fault: executedThen(() => failure(502)) },
  { title: '504, executed', executed: 1, fault: executedThen(() => failure(504)) },
  { title: 'the connection ends, not executed', executed: 0, fault: dropped({ executed: false }) },
  { title: 'the connection ends, executed', executed: 1, fault: dropped({ executed: true }) },
  { title: 'the connection ends within the body', executed: 1, fault: cutInHalf },
  { title: 'an empty 200', executed: 1, fault: odd('') },
  { title: '200 with HTML', executed: 1, fault: odd('<html>OK</html>', 'text/html') },
  { title: '200 with truncated JSON', executed: 1, fault: odd('{"success": true, "id') },
  { title: '200 with null', executed: 1, fault: odd('null') },
  { title: '200 with a list', executed: 1, fault: odd('[]') },
  { title: '200 with an empty object', executed: 1, fault: odd('{}') },
  { title: '200 with an error', executed: 1, fault: odd('{"error":"server_error","message":"try again later"}') },
  { title: 'every member of another type', executed: 1, fault: executedThen(withOtherTypes) },
  { title: '404 of a proxy in front', executed: 0, fault: answered(json(404, { message: 'no Route matched' })) },
  { title: "403 with a firewall's page", executed: 0, fault: answered(html(403)) },
];
