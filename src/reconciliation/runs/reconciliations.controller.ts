import { Controller, Get, HttpCode, HttpStatus, Param, Post, Query, Req, Res } from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiBody,
  ApiConsumes,
  ApiExtraModels,
  ApiOkResponse,
  getSchemaPath,
} from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Audit, Caller, Operator, type OperatorCaller } from '../../access/index.js';
import { ApiProblems } from '../../api/openapi.js';
import { page, PageQueryDto } from '../../api/pagination.js';
import { Multipart } from '../../api/raw-body.js';
import { parseId } from '../../common/ids.js';
import { Reads } from '../../operations/http/openapi.decorators.js';
import { BreakPageDto } from '../breaks/break.dto.js';
import { PREVIEW_EXAMPLE, StatementPreviewDto } from '../statements/preview.dto.js';
import {
  CreateReconciliationDto,
  ReconciliationDto,
  ReconciliationPageDto,
  ReconciliationQueryDto,
} from './reconciliation.dto.js';
import { Breaks } from '../breaks/breaks.service.js';
import { RunCreation } from './create-run.service.js';
import { presentPreview } from '../statements/present-preview.js';
import { presentBreak, presentRun } from './present-run.js';
import { Runs } from './runs.service.js';

/** Reconciliations: comparisons of the ledger with the providers. */
@Controller('v1/admin/reconciliations')
export class ReconciliationsController {
  constructor(
    private readonly runs: Runs,
    private readonly runCreation: RunCreation,
    private readonly breaks: Breaks,
    private readonly audit: Audit,
  ) {}

  /**
   * Start a reconciliation. `statement`: compares a provider's CSV, sent as a form whose last field is `file`. The same
   * file with the same fields returns its earlier run. `?preview=true` returns how the statement is read and the breaks
   * that it would open, and stores nothing. `status`: queries the provider for the outcome of all transactions that are
   * not final. `balance`: compares the changes of the observed balance with the recorded purchases.
   */
  @Post()
  @Operator('operator')
  @HttpCode(HttpStatus.ACCEPTED)
  @Multipart()
  @ApiConsumes('application/json', 'multipart/form-data')
  @ApiBody({ type: CreateReconciliationDto })
  @ApiAcceptedResponse({ type: ReconciliationDto })
  @ApiOkResponse({
    description: 'The preview (`preview=true`).',
    content: { 'application/json': { schema: { $ref: getSchemaPath(StatementPreviewDto) }, example: PREVIEW_EXAMPLE } },
  })
  @ApiExtraModels(StatementPreviewDto)
  @ApiProblems('validation_failed', 'payload_too_large', 'unsupported_media_type')
  async create(
    @Query() { preview }: ReconciliationQueryDto,
    @Req() request: FastifyRequest,
    @Caller() caller: OperatorCaller,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ReconciliationDto | StatementPreviewDto> {
    if (preview === 'true') {
      reply.status(HttpStatus.OK);
      return presentPreview(await this.runCreation.preview(request));
    }
    const by = `operator:${caller.username}`;
    const audit = (dto: CreateReconciliationDto): Promise<void> =>
      this.audit.record(caller, 'reconciliation.create', null, { provider: dto.provider, kind: dto.kind });
    return presentRun(await this.runs.require(await this.runCreation.create(request, by, audit)));
  }

  /** List runs, newest first. */
  @Get()
  @Operator('viewer')
  @Reads(ReconciliationPageDto)
  async list(@Query() query: PageQueryDto): Promise<ReconciliationPageDto> {
    const found = await this.runs.list(query.limit + 1, query.before);
    const { data, nextCursor } = page(found, query.limit, (run) => run.id);
    return { data: data.map(presentRun), nextCursor };
  }

  /** Get one run: its progress and its results. */
  @Get(':id')
  @Operator('viewer')
  @Reads(ReconciliationDto)
  async read(@Param('id') id: string): Promise<ReconciliationDto> {
    return presentRun(await this.runs.require(parseId('rec', id)));
  }

  /** List the breaks of this run, except those that a later run found again. */
  @Get(':id/breaks')
  @Operator('viewer')
  @Reads(BreakPageDto)
  async breaksOf(@Param('id') id: string, @Query() query: PageQueryDto): Promise<BreakPageDto> {
    const { id: runId } = await this.runs.require(parseId('rec', id));
    const found = await this.breaks.list({ runId }, query.limit + 1, query.before);
    const { data, nextCursor } = page(found, query.limit, (one) => one.id);
    return { data: data.map(presentBreak), nextCursor };
  }
}
