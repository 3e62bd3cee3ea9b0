import { Readable } from 'node:stream';
import { Controller, Get, Param, Query, Req, Res } from '@nestjs/common';
import { ApiOkResponse } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Operator } from '../../../access/index.js';
import { ApiProblems } from '../../../api/openapi.js';
import { parseId } from '../../../common/ids.js';
import { BYTE_ORDER_MARK } from '../../../operations/transactions/export-format.js';
import { BAD_LINE_REASONS } from './bad-line.js';
import { BadLineStore } from './bad-line-store.service.js';
import { badLinesHead, badLinesRows } from './bad-lines-csv.js';
import { BadLinesQueryDto } from '../../runs/reconciliation.dto.js';
import { Runs, type Run } from '../../runs/runs.service.js';

const PAGE = 1_000;
const EXAMPLE = `line,column,code,message,transactionId,distributor_transaction_id,status,amount,currency,date\r
17,amount,amount_undeclared,${BAD_LINE_REASONS.amount_undeclared},,0199-7,SUCCESS,"1,000.00",MXN,2026-11-20T14:10:36Z\r
`;

/** The lines of a statement that could not be used. */
@Controller('v1/admin/reconciliations/:id/bad-lines')
export class BadLinesController {
  constructor(
    private readonly runs: Runs,
    private readonly badLines: BadLineStore,
  ) {}

  /**
   * Download the bad lines of a statement (the first 100,000) as a CSV. Each row has the line number, the fault, the
   * transaction that the line names, and the cells of the columns that are read, under the column names of the file.
   * Correct the cells, delete rows that are not transactions (totals), and send the CSV as a statement with the same
   * `columns` and `format`, but without `delimiter` and `encoding`: it is UTF-8 with commas.
   *
   * A cell is empty, and the message names it, when it contains a card number or a control character, is longer than
   * 100 characters, or is not in the file's encoding. Columns that the format declares as never read are empty. A
   * line that could not be split has no cells. A cell that a spreadsheet would read as a formula begins with an extra apostrophe; it is refused until it is
   * corrected. For lines with a date far from the others (`date_outlier`), the cells are in the gateway's notation, not
   * in that of the file.
   */
  @Get()
  @Operator('viewer')
  @ApiOkResponse({ content: { 'text/csv': { schema: { type: 'string' }, example: EXAMPLE } } })
  @ApiProblems('validation_failed', 'not_found')
  async download(
    @Param('id') id: string,
    @Query() { bom }: BadLinesQueryDto,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const run = await this.runs.require(parseId('rec', id));
    void reply
      .headers({
        'Content-Type': 'text/csv; charset=utf-8',
        'Content-Disposition': `attachment; filename="bad-lines-${id}.csv"`,
      })
      // For a HEAD request Fastify would read the whole stream and send nothing.
      .send(request.method === 'HEAD' ? '' : Readable.from(this.pages(run, bom === 'true' ? BYTE_ORDER_MARK : '')));
  }

  private async *pages({ id, format }: Run, mark: string): AsyncGenerator<string> {
    yield mark + badLinesHead(format);
    for (let after = -1; ;) {
      const page = await this.badLines.list(id, after, PAGE);
      if (page.length > 0) yield badLinesRows(page, format);
      if (page.length < PAGE) return;
      after = page.at(-1)?.line ?? after;
    }
  }
}
