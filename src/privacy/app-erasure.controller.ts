import { Controller, Get, HttpCode, HttpStatus, Param, Post } from '@nestjs/common';
import { ApiProperty, ApiTags } from '@nestjs/swagger';
import { Audit, Caller, Operator, type OperatorCaller } from '../access/index.js';
import { parseId, publicId } from '../common/ids.js';
import { Reads } from '../operations/http/openapi.decorators.js';
import { Problem } from '../common/problem.js';
import type { Erasure } from '../crypto/app-data-keys.js';
import { AppErasure } from './app-erasure.service.js';

export class AppErasureDto {
  /** @example "app_019aa3c5-7d2e-7c3b-9d6b-0d9f2f1d4a11" */
  appId!: string;
  /** Time when the app's encryption key was destroyed. Since then its encrypted data cannot be read. */
  @ApiProperty({ type: String, format: 'date-time' })
  keyDestroyedAt!: string;
  /** Time when masked values, metadata and notifications were erased too; null: still in progress. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  erasedAt!: string | null;
}

/** Administrators erase all personal data of a removed app. */
@Controller('v1/admin/apps/:id')
@ApiTags('Administration')
export class AppErasureController {
  constructor(
    private readonly erasure: AppErasure,
    private readonly audit: Audit,
  ) {}

  /**
   * Erase the personal data of all transactions of a removed app by destroying its encryption key. Amounts, references
   * and timelines are kept. Allowed one minute after the app was removed, when none of its transactions is open. This
   * cannot be undone.
   */
  @Post('erase')
  @Operator('admin')
  @HttpCode(HttpStatus.OK)
  @Reads(AppErasureDto, 'invalid_state')
  async erase(@Param('id') id: string, @Caller() caller: OperatorCaller): Promise<AppErasureDto> {
    const uuid = parseId('app', id);
    if (uuid === null) throw Problem.notFound('app');
    await this.audit.record(caller, 'app.erase', id);
    return present(uuid, await this.erasure.erase(uuid));
  }

  /** Get the progress of an app's erasure. */
  @Get('erasure')
  @Operator('viewer')
  @Reads(AppErasureDto)
  async read(@Param('id') id: string): Promise<AppErasureDto> {
    const uuid = parseId('app', id);
    const erasure = uuid === null ? null : await this.erasure.find(uuid);
    if (uuid === null || !erasure) throw Problem.notFound('erasure of this app');
    return present(uuid, erasure);
  }
}

function present(appId: string, { destroyedAt, erasedAt }: Erasure): AppErasureDto {
  return {
    appId: publicId('app', appId),
    keyDestroyedAt: destroyedAt.toISOString(),
    erasedAt: erasedAt?.toISOString() ?? null,
  };
}
