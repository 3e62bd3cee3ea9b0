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
    // Masked, but very many: who took them is part of how large an incident is. The filters alone, not what they find.
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
  // Fastify would read all of a stream for nobody.
  const content = request.method === 'HEAD' ? '' : await source.begin(filter, format);
  const file = `transactions-${new Date().toISOString().slice(0, 10)}.${format.extension}`;
  void reply
    .headers({
      'Content-Type': `${type}; charset=utf-8`,
      'Content-Disposition': `attachment; filename="${file}"`,
      Vary: 'Accept',
      // Nobody knows yet whether the process will be about to stop at the end of this answer.
      Connection: 'close',
    })
    .send(content);
}

function GivesFile(): MethodDecorator {
  const schema = { type: 'string' as const };
  return applyDecorators(
    ApiOkResponse({
      description:
        'Streamed; a connection that ends before the last chunk means that it broke off. In CSV a cell that a spreadsheet ' +
        'would take for a formula begins with an apostrophe. Each row is as it is when it is read: what begins meanwhile is ' +
        "not in it, what changes meanwhile may have changed already. Personal data is masked, a pass's QR data left out.",
      headers: { 'Content-Disposition': { description: 'The file name.', schema: { type: 'string' } } },
      content: Object.fromEntries(EXPORT_TYPES.map((type) => [type, { schema }])),
    }),
    ApiProblems('validation_failed'),
  );
}
