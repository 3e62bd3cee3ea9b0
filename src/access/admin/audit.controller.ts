import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { PageQueryDto, page } from '../../api/pagination.js';
import { publicId } from '../../common/ids.js';
import { Audit } from '../audit.service.js';
import { Inspects } from './admin-routes.js';
import { AuditPageDto } from './audit.dto.js';

@Controller('v1/admin/audit-log')
@ApiTags('Administration')
export class AuditController {
  constructor(private readonly audit: Audit) {}

  /** List operator actions (the audit log), newest first. */
  @Get()
  @Inspects(AuditPageDto)
  async list(@Query() query: PageQueryDto): Promise<AuditPageDto> {
    const found = await this.audit.list(query.limit + 1, query.before);
    const { data, nextCursor } = page(found, query.limit, ({ id }) => id);
    const lines = data.map(({ id, at, ...line }) => ({ id: publicId('aud', id), at: at.toISOString(), ...line }));
    return { data: lines, nextCursor };
  }
}
