import { STATUS_CODES } from 'node:http';
import type { INestApplication } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional, DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { PROBLEM_CODES, type ProblemCode } from '../common/problem.js';
import { DECLARED, PROVIDERS } from '../providers/declared.js';
import { openApiWebhooks } from '../webhooks/openapi-webhooks.js';
import { PROBLEM_MARK, SECURITY } from './openapi.js';
import { PROBLEMS } from './problem-body.js';

export class FieldErrorDto {
  /** RFC 6901 JSON pointer into the body; `?name` for a query parameter; the header's name for a header. */
  @ApiProperty({ example: '/member/ffn' })
  pointer!: string;
  @ApiProperty({ example: 'must be a string of 1 to 30 letters or digits' })
  message!: string;
}

export class ProviderRefusalDto {
  @ApiProperty({ example: PROVIDERS[0] })
  name!: string;
  @ApiProperty({ type: String, nullable: true })
  code!: string | null;
  @ApiProperty()
  message!: string;
  @ApiProperty({ type: String, nullable: true })
  instructions!: string | null;
}

/** RFC 9457. `code` is stable; the texts are for people and may change. */
export class ProblemDto {
  @ApiProperty({ format: 'uri', example: 'urn:problem:loyalty-gateway:validation_failed' })
  type!: string;
  @ApiProperty({ example: 'The request is not valid' })
  title!: string;
  @ApiProperty({ type: 'integer', example: 400 })
  status!: number;
  @ApiProperty({ example: 'The request is not valid: see errors (/points).' })
  detail!: string;
  @ApiProperty({ format: 'uri' })
  instance!: string;
  @ApiProperty({ enum: PROBLEM_CODES })
  code!: ProblemCode;
  @ApiProperty()
  requestId!: string;
  /** True when the same request may succeed later. */
  @ApiProperty({ type: Boolean })
  retryable!: boolean;
  @ApiPropertyOptional({ type: [FieldErrorDto] })
  errors?: FieldErrorDto[];
  /** The transaction that conflicts with the request. */
  @ApiPropertyOptional({ type: String })
  transactionId?: string;
  @ApiPropertyOptional({ type: ProviderRefusalDto })
  provider?: ProviderRefusalDto;
}

const DESCRIPTION = `One REST API and one ledger in front of ${new Intl.ListFormat('en-US').format(DECLARED.map(({ title, summary }) => `${title} (${summary})`))}.

The HTTP status is about the request, \`status\` about the transaction: a declined top-up is a 201 with \`"status": "failed"\`.
Errors are RFC 9457 problems with a stable \`code\`. Every response has an \`X-Request-Id\`.
Requests that act at a provider require an \`Idempotency-Key\`; a repeated request with the same key is never executed twice.`;

const TAGS: readonly (readonly [string, string])[] = [
  ...DECLARED.flatMap(({ tags }) => tags),
  ['Transactions', 'All transactions of an app, with status and timeline.'],
  ['Events', 'What happened to the transactions of an app: a feed, and signed webhooks.'],
  ['Notifications', 'Notifications from providers.'],
  ['Providers', 'Provider health and control, for operators.'],
  ['Administration', 'Apps, keys, operators, plans, products and the audit log, for operators.'],
  ['Operations', 'Health and metrics of an instance.'],
];

/** The tags of paths whose controllers name no tag. */
const TAG_OF_PATH: readonly (readonly [RegExp, string])[] = [
  [/^\/v1\/admin\/providers/, 'Providers'],
  [/^\/v1\/admin\/transactions/, 'Transactions'],
  [/^\/v1\/admin\//, 'Administration'],
  [/^\/v1\/providers\//, 'Notifications'],
  [/^\/v1\/transactions/, 'Transactions'],
];

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;
type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;

/** The OpenAPI document of the application. The same code produces the same bytes. */
export function createDocument(app: INestApplication): OpenAPIObject {
  const builder = new DocumentBuilder()
    .setTitle('Loyalty gateway')
    .setDescription(DESCRIPTION)
    .setVersion('1.0.0')
    .setOpenAPIVersion('3.1.0')
    .addServer('/', 'The gateway that serves this document')
    .addSecurity(SECURITY.partner, { type: 'http', scheme: 'basic', description: 'A partner app: key id and secret.' })
    .addSecurity(SECURITY.operator, { type: 'http', scheme: 'basic', description: 'An operator: name and password.' })
    .addSecurity(SECURITY.notifier, {
      type: 'http',
      scheme: 'basic',
      description: 'The credentials of a provider for its notifications.',
    });
  for (const [name, description] of TAGS) builder.addTag(name, description);
  const document = SwaggerModule.createDocument(app, builder.build(), {
    extraModels: [ProblemDto],
    autoTagControllers: false,
    operationIdFactory: (controller, method) => `${controller.replace(/Controller$/, '')}_${method}`,
  });
  for (const [path, item] of Object.entries(document.paths)) {
    for (const method of METHODS) if (item[method]) complete(path, method, item[method]);
  }
  return sorted({ ...document, webhooks: openApiWebhooks() });
}

/** Swagger UI at `/docs`, the document at `/openapi.json`. */
export function serveDocument(app: INestApplication): void {
  SwaggerModule.setup('docs', app, createDocument(app), {
    jsonDocumentUrl: 'openapi.json',
    raw: ['json'],
    customSiteTitle: 'Loyalty gateway',
    swaggerOptions: { persistAuthorization: false, displayRequestDuration: true },
  });
}

function complete(path: string, method: string, operation: Operation): void {
  if (!operation.tags?.length) {
    operation.tags = TAG_OF_PATH.flatMap(([pattern, tag]) => (pattern.test(path) ? [tag] : [])).slice(0, 1);
  }
  // An explicit empty list marks public routes.
  operation.security ??= [];
  dropGuessedSuccess(method, operation);
  describeSuccess(operation);
  const marks = Object.keys(operation).filter((key) => key.startsWith(PROBLEM_MARK));
  const common = problemsOfAll(path, method);
  const codes = PROBLEM_CODES.filter((code) => marks.includes(PROBLEM_MARK + code) || common.includes(code));
  for (const mark of marks) Reflect.deleteProperty(operation, mark);
  for (const status of new Set(codes.map((code) => PROBLEMS[code].status))) {
    operation.responses[status] = problemResponse(codes.filter((code) => PROBLEMS[code].status === status));
  }
}

/**
 * The problems that any request of this kind may get: query and path are checked on all routes, and the body if there
 * is one.
 */
function problemsOfAll(path: string, method: string): readonly ProblemCode[] {
  // Notifications are stored whatever their content and content type.
  if (path.startsWith('/v1/providers/')) return ['validation_failed', 'payload_too_large'];
  if (method === 'get') return ['validation_failed', 'card_data_refused'];
  return ['validation_failed', 'card_data_refused', 'payload_too_large', 'unsupported_media_type'];
}

/** The compiler plugin documents Nest's default status even if a composed decorator sets another one. */
function dropGuessedSuccess(method: string, { responses }: Operation): void {
  const guessed = method === 'post' ? '201' : '200';
  const response = responses[guessed];
  const isDescribed = response !== undefined && 'description' in response && response.description !== '';
  const others = Object.keys(responses).filter((status) => status.startsWith('2') && status !== guessed);
  if (!isDescribed && others.length > 0) Reflect.deleteProperty(responses, guessed);
}

/** Generators of clients and Swagger UI show a description for each response. */
function describeSuccess({ responses }: Operation): void {
  for (const [status, response] of Object.entries(responses)) {
    if (response !== undefined && 'description' in response) response.description ||= STATUS_CODES[status] ?? '';
  }
}

function problemResponse(codes: readonly ProblemCode[]): Operation['responses'][string] {
  return {
    description: codes.map((code) => `\`${code}\`: ${PROBLEMS[code].title}.`).join('\n\n'),
    content: {
      'application/problem+json': { schema: { $ref: '#/components/schemas/ProblemDto' } },
    },
  };
}

/** Sorts paths and schemas by name: the order of modules is not part of the contract. */
function sorted(document: OpenAPIObject): OpenAPIObject {
  const { schemas, ...components } = document.components ?? {};
  return {
    ...document,
    paths: byName(document.paths),
    components: { ...components, ...(schemas && { schemas: byName(schemas) }) },
  };
}

function byName<Value>(record: Record<string, Value>): Record<string, Value> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}
