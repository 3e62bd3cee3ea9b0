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
import { Intake } from './create-run.service.js';
import { presentPreview } from '../statements/preview.presenter.js';
import { presentBreak, presentRun } from './run.presenter.js';
import { Runs } from './runs.service.js';

/** The ledger beside what the providers say. */
@Controller('v1/admin/reconciliations')
export class ReconciliationsController {
  constructor(
    private readonly runs: Runs,
    private readonly intake: Intake,
    private readonly breaks: Breaks,
    private readonly audit: Audit,
  ) {}

  /**
   * Begin a reconciliation. `statement`: compares a provider's CSV, sent as a form with `file` as its last field; the same
   * file again with the same fields answers the run that it had. With `?preview=true` it is answered how the statement is
   * read and what would be found, and nothing is kept. `status`: asks the provider how everything without an end has ended.
   * `balance`: compares the observed balance with what was spent.
   */
  @Post()
  @Operator('operator')
  @HttpCode(HttpStatus.ACCEPTED)
  @Multipart()
  @ApiConsumes('application/json', 'multipart/form-data')
  @ApiBody({ type: CreateReconciliationDto })
  @ApiAcceptedResponse({ type: ReconciliationDto })
  @ApiOkResponse({
    description: 'With `preview=true`.',
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
      return presentPreview(await this.intake.preview(request));
    }
    const by = `operator:${caller.username}`;
    const note = (dto: CreateReconciliationDto): Promise<void> =>
      this.audit.record(caller, 'reconciliation.create', null, { provider: dto.provider, kind: dto.kind });
    return presentRun(await this.runs.require(await this.intake.take(request, by, note)));
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

  /** Get one run: its progress and what it found. */
  @Get(':id')
  @Operator('viewer')
  @Reads(ReconciliationDto)
  async read(@Param('id') id: string): Promise<ReconciliationDto> {
    return presentRun(await this.runs.require(parseId('rec', id)));
  }

  /** List the breaks that this run was the last to find. */
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
