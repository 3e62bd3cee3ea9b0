import { applyDecorators, Controller, Get, Query, Req, Res } from '@nestjs/common';
import { ApiOkResponse } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Audit, Caller, Operator, Partner, type AppCaller, type OperatorCaller } from '../../access/index.js';
import { preferredType } from '../../api/accept.js';
import { ApiProblems } from '../../api/openapi.js';
import type { TransactionFilter } from '../../ledger/reads/ledger-reader.service.js';
import { Problem } from '../../common/problem.js';
import { EXPORT_FORMATS, EXPORT_TYPES, withByteOrderMark } from './export-format.js';
import { TransactionExport } from './transaction-export.service.js';
import { AdminExportQueryDto, ExportQueryDto, filterOf } from './transaction-query.dto.js';

/** The app's own transactions as a file. */
@Controller('v1/transactions/export')
@Partner('transactions:read')
export class ExportController {
  constructor(private readonly source: TransactionExport) {}

  /** Export the app's transactions that match the filters, newest first, as CSV or as one JSON object per line. */
  @Get()
  @GivesFile()
  async export(
    @Query() query: ExportQueryDto,
    @Caller() caller: AppCaller,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await answer(this.source, { ...filterOf(query), appId: caller.appId }, query.bom === 'true', request, reply);
  }
}

/** All apps' transactions as a file. */
@Controller('v1/admin/transactions/export')
@Operator('viewer')
export class AdminExportController {
  constructor(
    private readonly source: TransactionExport,
    private readonly audit: Audit,
  ) {}

  /** Export the transactions of all apps that match the filters, newest first, as CSV or as one JSON object per line. */
  @Get()
  @GivesFile()
  async export(
    @Query() query: AdminExportQueryDto,
    @Caller() caller: OperatorCaller,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    // Masked, but a large export matters in an incident, so it is audited: its filters, not its content.
    const { bom, ...rest } = query;
    const filters = Object.entries(rest).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
    await this.audit.record(caller, 'transaction.export', null, Object.fromEntries(filters));
    await answer(this.source, filterOf(query), bom === 'true', request, reply);
  }
}

async function answer(
  source: TransactionExport,
  filter: TransactionFilter,
  withBom: boolean,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const type = preferredType(request.headers.accept, EXPORT_TYPES);
  if (type === null) throw Problem.invalid('Accept', `must allow ${EXPORT_TYPES.join(' or ')}`);
  if (withBom && type !== 'text/csv')
    throw Problem.invalid('?bom', 'is for CSV only: NDJSON never has a byte order mark');
  const format = withBom ? withByteOrderMark(EXPORT_FORMATS[type]) : EXPORT_FORMATS[type];
  // For HEAD, Fastify would read the whole stream in vain.
  const content = request.method === 'HEAD' ? '' : await source.begin(filter, format);
  const file = `transactions-${new Date().toISOString().slice(0, 10)}.${format.extension}`;
  void reply
    .headers({
      'Content-Type': `${type}; charset=utf-8`,
      'Content-Disposition': `attachment; filename="${file}"`,
      Vary: 'Accept',
      // At the end of this response the process may be shutting down.
      Connection: 'close',
    })
    .send(content);
}

function GivesFile(): MethodDecorator {
  const schema = { type: 'string' as const };
  return applyDecorators(
    ApiOkResponse({
      description:
        'Streamed. If the connection ends before the last chunk, the file is incomplete. In CSV, a cell that a spreadsheet ' +
        'would take for a formula begins with an apostrophe. Each row is read at its own time: transactions created during ' +
        "the export are not included, and changes made during it may be. Personal data is masked, and a pass's QR data is " +
        'left out.',
      headers: { 'Content-Disposition': { description: 'The file name.', schema: { type: 'string' } } },
      content: Object.fromEntries(EXPORT_TYPES.map((type) => [type, { schema }])),
    }),
    ApiProblems('validation_failed'),
  );
}
