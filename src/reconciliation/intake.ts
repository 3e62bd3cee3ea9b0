import type { MultipartFile } from '@fastify/multipart';
import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { whileFlowing } from '../api/flowing.js';
import { readJson } from '../api/readable.js';
import { RequestValidation } from '../api/validation.js';
import { ConnectorRegistry } from '../operations/registry.js';
import { Problem } from '../problem.js';
import { CreateReconciliationDto } from './reconciliation.dto.js';
import { Runs } from './runs.js';
import { isStatementProvider } from './statement-format.js';
import { Statements } from './statements.js';

/** A statement of a million lines has some 100 MB. */
const MAX_FILE_BYTES = 1024 * 1024 * 1024;
const MAX_FIELD_BYTES = 4 * 1024;
const LIMITS = { fileSize: MAX_FILE_BYTES, files: 1, fields: 5, fieldSize: MAX_FIELD_BYTES, parts: 6 };

/** Takes requests for reconciliations, and statements as they arrive. */
@Injectable()
export class Intake {
  private readonly rules = new RequestValidation();

  constructor(
    private readonly runs: Runs,
    private readonly statements: Statements,
    private readonly registry: ConnectorRegistry,
  ) {}

  /** Answers with the run's id. @throws Problem `validation_failed`, `payload_too_large` */
  async take(
    request: FastifyRequest,
    by: string,
    note: (dto: CreateReconciliationDto) => Promise<void>,
  ): Promise<string> {
    if (request.isMultipart()) {
      // A million lines over a slow line.
      return whileFlowing(request.raw.socket, () => this.takeStatement(request, by, note));
    }
    const dto = await this.check(request.body);
    if (dto.kind === 'statement') {
      throw Problem.invalid('/file', 'is required: send multipart/form-data with the CSV as its last field, file');
    }
    const definition = this.registry.find(dto.provider)?.definition;
    if (dto.kind === 'balance' && !definition?.balance) throw Problem.invalid('/provider', 'has no balance');
    await note(dto);
    const id = await this.runs.create({ ...spanOf(dto), provider: dto.provider, kind: dto.kind, by });
    if (id === null) throw new Error('a reconciliation was not begun');
    return id;
  }

  private async takeStatement(
    request: FastifyRequest,
    by: string,
    note: (dto: CreateReconciliationDto) => Promise<void>,
  ): Promise<string> {
    const { fields, file } = await readForm(request);
    const dto = await this.check(fields);
    if (dto.kind !== 'statement') throw Problem.invalid('/kind', 'must be statement when a file is sent');
    const { provider } = dto;
    if (!isStatementProvider(provider)) throw Problem.invalid('/provider', 'gives no statements');
    const columns = columnsOf(dto.columns);
    await note(dto);
    const id = await this.runs.create({ ...spanOf(dto), provider, kind: 'statement', by });
    if (id === null) throw new Error('a reconciliation was not begun');
    try {
      return await this.statements.take({ id, provider, columns, ...spanOf(dto) }, file.file);
    } catch (error) {
      await this.runs.fail(id, error instanceof Problem ? error.detail : 'the upload was cut off');
      throw error;
    }
  }

  private async check(body: unknown): Promise<CreateReconciliationDto> {
    const dto: unknown = await this.rules.transform(body, { type: 'body', metatype: CreateReconciliationDto });
    if (!(dto instanceof CreateReconciliationDto)) throw new Error('validation gave something else');
    return dto;
  }
}

/** The fields before the file; the file itself is still to be read. @throws Problem `validation_failed` */
async function readForm(request: FastifyRequest): Promise<{ fields: Record<string, unknown>; file: MultipartFile }> {
  const fields: Record<string, unknown> = {};
  for await (const part of request.parts({ limits: LIMITS })) {
    if (part.type === 'file') {
      if (part.fieldname === 'file') return { fields, file: part };
      throw Problem.invalid('/file', 'must be the name of the field with the CSV');
    }
    fields[part.fieldname] = part.value;
  }
  throw Problem.invalid('/file', 'is required as the last field of the form');
}

function columnsOf(text: string | undefined): Record<string, string> {
  if (text === undefined) return {};
  const reading = readJson(Buffer.from(text));
  const value: unknown = 'value' in reading ? reading.value : null;
  const entries = typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : null;
  if (!entries) throw Problem.invalid('/columns', 'must be a JSON object of strings');
  return Object.fromEntries(
    entries.map(([name, column]: [string, unknown]) => {
      if (typeof column !== 'string') throw Problem.invalid('/columns', 'must be a JSON object of strings');
      return [name, column];
    }),
  );
}

function spanOf({ from, to }: CreateReconciliationDto): { from: Date | null; to: Date | null } {
  return { from: from === undefined ? null : new Date(from), to: to === undefined ? null : new Date(to) };
}
