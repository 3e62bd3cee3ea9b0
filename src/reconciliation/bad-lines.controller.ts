import { Readable } from 'node:stream';
import { Controller, Get, Param, Req, Res } from '@nestjs/common';
import { ApiOkResponse } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Operator } from '../access/index.js';
import { ApiProblems } from '../api/openapi.js';
import { parseId, publicId } from '../ids.js';
import { toCsv } from '../operations/export-format.js';
import { Problem } from '../problem.js';
import { BAD_LINE_REASONS } from './bad-line.js';
import { BadLineStore, type KeptBadLine } from './bad-line-store.js';
import { Runs } from './runs.js';

const PAGE = 1_000;
const HEAD = ['line', 'column', 'code', 'message', 'transactionId'];

/** The lines of a statement that were not used. */
@Controller('v1/admin/reconciliations/:id/bad-lines')
export class BadLinesController {
  constructor(
    private readonly runs: Runs,
    private readonly badLines: BadLineStore,
  ) {}

  /**
   * All bad lines of a statement (the first 100,000) as a file: where they are, what is wrong with them, and the transaction
   * that they name. What else they say is not kept: correct them in the file, and send it again.
   */
  @Get()
  @Operator('viewer')
  @ApiOkResponse({
    content: {
      'text/csv': {
        schema: { type: 'string' },
        example: `${HEAD.join(',')}\r\n17,amount,amount_undeclared,${BAD_LINE_REASONS.amount_undeclared},\r\n`,
      },
    },
  })
  @ApiProblems('validation_failed', 'not_found')
  async download(@Param('id') id: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const runId = parseId('rec', id);
    const run = runId === null ? null : await this.runs.find(runId);
    if (!run) throw Problem.notFound('reconciliation');
    void reply
      .headers({
        'Content-Type': 'text/csv; charset=utf-8',
        'Content-Disposition': `attachment; filename="bad-lines-${id}.csv"`,
      })
      // Fastify would read all of a stream for nobody.
      .send(request.method === 'HEAD' ? '' : Readable.from(this.pages(run.id)));
  }

  private async *pages(runId: string): AsyncGenerator<string> {
    yield toCsv([HEAD]);
    for (let after = -1; ;) {
      const page = await this.badLines.list(runId, after, PAGE);
      if (page.length > 0) yield toCsv(page.map(rowOf));
      if (page.length < PAGE) return;
      after = page.at(-1)?.line ?? after;
    }
  }
}

function rowOf({ line, code, column, transactionId }: KeptBadLine): unknown[] {
  return [line, column, code, BAD_LINE_REASONS[code], transactionId && publicId('txn', transactionId)];
}
