import { applyDecorators, Controller, Get, Headers, Param, Res } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Caller, Partner, type AppCaller } from '../../../access/index.js';
import { ApiProblems } from '../../../api/openapi.js';
import { OWNER, Presenter } from '../../../operations/transactions/transaction.presenter.js';
import { Problem } from '../../../common/problem.js';
import { PassStore } from './pass-store.service.js';
import { drawQr, preferredQrType, QR_TYPES } from './qr-image.js';

/** The QR code of a pass, for scanning at a gate. */
@Controller('v1/passes/:passId/qr')
@ApiTags('Passes')
@Partner('passes')
export class PassQrController {
  constructor(
    private readonly store: PassStore,
    private readonly presenter: Presenter,
  ) {}

  /**
   * Get the pass's QR code as SVG or PNG, according to `Accept`. It is a bearer entitlement: anyone who has it can use
   * the pass.
   */
  @Get()
  @GivesImage()
  async draw(
    @Param('passId') passId: string,
    @Headers('accept') accept: string | undefined,
    @Caller() caller: AppCaller,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string | Buffer> {
    const { qrData } = await this.presenter.resource(await this.store.find(caller.appId, passId), OWNER);
    if (typeof qrData !== 'string') throw Problem.notFound('QR code: LoyaltyLayer returned no QR data for this pass');
    const type = preferredQrType(accept);
    const image = await drawQr(qrData, type);
    void reply.type(type).header('Vary', 'Accept');
    return image;
  }
}

function GivesImage(): MethodDecorator {
  const schema = { type: 'string' as const, format: 'binary' };
  const content = Object.fromEntries(QR_TYPES.map((type) => [type, { schema }]));
  return applyDecorators(
    ApiOkResponse({ description: 'The image.', content }),
    ApiProblems('not_found', 'qr_too_long'),
  );
}
