import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { withoutRequestTimeout } from '../../api/upload-timeout-exemption.js';
import { readJson } from '../../api/json-body.js';
import { RequestValidation } from '../../api/validation.js';
import { ConnectorRegistry } from '../../operations/connector-registry.service.js';
import { Problem } from '../../common/problem.js';
import { readFormat } from '../statements/reading/declared-format.js';
import { CreateReconciliationDto } from './reconciliation.dto.js';
import { Runs } from './runs.service.js';
import { readForm } from '../statements/statement-form.js';
import { STATEMENT_PROVIDERS } from '../../providers/declared.js';
import type { StatementPreview } from '../statements/statement-preview.js';
import { Statements, type ArrivingFile, type StatementRequest } from '../statements/statements.service.js';
import { isRecord } from '../../readers/json.js';

interface StatementUpload {
  readonly dto: CreateReconciliationDto;
  readonly statement: StatementRequest;
  readonly file: ArrivingFile;
}

/** Starts reconciliations; statements are read while they arrive. */
@Injectable()
export class RunCreation {
  private readonly rules = new RequestValidation();

  constructor(
    private readonly runs: Runs,
    private readonly statements: Statements,
    private readonly registry: ConnectorRegistry,
  ) {}

  /** Returns the run's id. @throws Problem `validation_failed`, `payload_too_large` */
  async create(
    request: FastifyRequest,
    by: string,
    audit: (dto: CreateReconciliationDto) => Promise<void>,
  ): Promise<string> {
    if (request.isMultipart()) {
      // A million statement lines over a slow connection take longer than the request timeout.
      return withoutRequestTimeout(request.raw.socket, () => this.createFromStatement(request, by, audit));
    }
    const dto = await this.validate(request.body);
    if (dto.kind === 'statement') throw fileRequired();
    const definition = this.registry.find(dto.provider)?.definition;
    if (dto.kind === 'balance' && !definition?.balance) throw Problem.invalid('/provider', 'has no balance');
    await audit(dto);
    const id = await this.runs.create({ ...spanOf(dto), provider: dto.provider, kind: dto.kind, by });
    if (id === null) throw new Error('a reconciliation was not created');
    return id;
  }

  /** Reads a statement and compares it, but stores nothing. @throws Problem `validation_failed`, `payload_too_large` */
  async preview(request: FastifyRequest): Promise<StatementPreview> {
    if (!request.isMultipart()) throw fileRequired();
    return withoutRequestTimeout(request.raw.socket, async () => {
      const { statement, file } = await this.readUpload(request);
      return this.statements.preview(statement, file);
    });
  }

  private async createFromStatement(
    request: FastifyRequest,
    by: string,
    audit: (dto: CreateReconciliationDto) => Promise<void>,
  ): Promise<string> {
    const { dto, statement, file } = await this.readUpload(request);
    await audit(dto);
    const { provider, from, to } = statement;
    const id = await this.runs.create({ provider, from, to, kind: 'statement', by });
    if (id === null) throw new Error('a reconciliation was not created');
    try {
      return await this.statements.take(id, statement, file);
    } catch (error) {
      await this.runs.fail(id, error instanceof Problem ? error.detail : 'the upload was interrupted');
      throw error;
    }
  }

  /** Reads and validates the fields of the form. The file is read later. */
  private async readUpload(request: FastifyRequest): Promise<StatementUpload> {
    const { fields, file, end } = await readForm(request);
    const dto = await this.validate(fields);
    if (dto.kind !== 'statement') throw Problem.invalid('/kind', 'must be statement when a file is sent');
    const { provider } = dto;
    if (!STATEMENT_PROVIDERS.includes(provider)) throw Problem.invalid('/provider', 'has no statements');
    const span = spanOf(dto);
    const subject = JSON.stringify([span.from, span.to, dto.format ?? null]);
    const format = readFormat(dto.format);
    const statement = { ...span, provider, columns: columnsOf(dto.columns), format, subject };
    return { dto, statement, file: { stream: file.file, end } };
  }

  private async validate(body: unknown): Promise<CreateReconciliationDto> {
    const dto: unknown = await this.rules.transform(body, { type: 'body', metatype: CreateReconciliationDto });
    if (!(dto instanceof CreateReconciliationDto)) throw new Error('validation returned another class');
    return dto;
  }
}

function fileRequired(): Problem {
  return Problem.invalid('/file', 'is required: send multipart/form-data whose last field, file, is the CSV');
}

function columnsOf(text: string | undefined): Record<string, string> {
  if (text === undefined) return {};
  const reading = readJson(Buffer.from(text));
  const value: unknown = 'value' in reading ? reading.value : null;
  if (!isRecord(value)) throw Problem.invalid('/columns', 'must be a JSON object of strings');
  return Object.fromEntries(
    Object.entries(value).map(([name, column]) => {
      if (typeof column !== 'string') throw Problem.invalid('/columns', 'must be a JSON object of strings');
      return [name, column];
    }),
  );
}

/** @throws Problem when `to` is before `from` */
function spanOf({ from, to }: CreateReconciliationDto): { from: Date | null; to: Date | null } {
  const span = { from: from === undefined ? null : new Date(from), to: to === undefined ? null : new Date(to) };
  if (span.from !== null && span.to !== null && span.from > span.to)
    throw Problem.invalid('/to', 'must not be before from');
  return span;
}
