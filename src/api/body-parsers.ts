import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Problem } from '../common/problem.js';
import { codingsOf, decodeBody } from '../readers/content-encoding.js';
import { unsupportedMediaType } from './http-problems.js';
import { readJson } from './json-body.js';

const JSON_TYPE = /^\s*application\/json\s*(?:;|$)/i;
const FORM_TYPE = /^\s*multipart\/form-data\s*(?:;|$)/i;
const BOUNDARY = /;\s*boundary\s*=\s*(?:"[^"]{1,70}"|[^\s;"]{1,70}\s*(?:;|$))/i;
const CHARSET = /;\s*charset\s*=\s*"?([^\s;"]+)/i;
const ANY_TYPE = 'application/octet-stream';

/**
 * Chooses the parser before a body is read. A request without bytes has no body, whatever its content type. All types
 * except forms go to one parser: Fastify itself would refuse unknown types before it has read the body.
 */
export function chooseParser(request: FastifyRequest): void {
  const { headers } = request.raw;
  const type = headers['content-type'] ?? '';
  request.gateway.contentType = type;
  if (headers['transfer-encoding'] === undefined && (headers['content-length'] ?? '0') === '0') {
    if (headers['content-type'] !== undefined) Reflect.deleteProperty(headers, 'content-type');
  } else if (request.routeOptions.config.multipart === true && FORM_TYPE.test(type)) {
    request.gateway.bodyProblem = faultOfForm(type, headers['content-encoding']);
  } else headers['content-type'] = ANY_TYPE;
}

/**
 * Parses JSON on all routes, and bytes on routes with `rawBody`. A fault is reported later, to authenticated callers
 * only.
 */
export function addBodyParsers(server: FastifyInstance): void {
  server.removeAllContentTypeParsers();
  server.addContentTypeParser<Buffer>('*', { parseAs: 'buffer' }, (request, body, done) => {
    if (body.length === 0) done(null, undefined);
    else done(null, request.routeOptions.config.rawBody === true ? takeBytes(request, body) : takeJson(request, body));
  });
}

/** A body that cannot be decoded is kept unchanged: after a refusal its sender would only send the same again. */
function takeBytes(request: FastifyRequest, body: Buffer): Buffer {
  const { bodyLimit: limit } = request.routeOptions;
  const decoding = decodeBody(body, codingsOf(request.raw.headers['content-encoding']), limit);
  if (decoding.kind === 'decoded') return decoding.body;
  if (decoding.kind === 'too-large') request.gateway.bodyProblem = tooLarge(limit);
  return body;
}

function takeJson(request: FastifyRequest, body: Buffer): unknown {
  const { gateway } = request;
  const codings = codingsOf(request.raw.headers['content-encoding']);
  const problem = codings.length > 0 ? encoded(codings) : isJson(gateway.contentType) ? null : unsupportedMediaType();
  const reading = problem ? { problem, unread: body.toString('utf8') } : readJson(body);
  if ('value' in reading) return reading.value;
  gateway.bodyProblem = reading.problem;
  gateway.unreadBody = reading.unread;
  return undefined;
}

function isJson(type: string): boolean {
  if (!JSON_TYPE.test(type)) return false;
  const charset = CHARSET.exec(type)?.[1]?.toLowerCase();
  return charset === undefined || charset === 'utf-8' || charset === 'utf8';
}

function faultOfForm(type: string, encoding: string | undefined): Problem | null {
  const codings = codingsOf(encoding);
  if (codings.length > 0) return encoded(codings);
  if (BOUNDARY.test(type)) return null;
  const message = 'must name the boundary of the form: multipart/form-data; boundary=…';
  return Problem.invalid('Content-Type', message);
}

function encoded(codings: readonly string[]): Problem {
  const names = codings.join(', ').slice(0, 64);
  return new Problem(
    'unsupported_media_type',
    `Content-Encoding ${names} is not supported. Send the body uncompressed.`,
  );
}

function tooLarge(limitBytes: number): Problem {
  return new Problem('payload_too_large', `The body has more than ${limitBytes} bytes after decoding.`);
}
