import { ApiProperty } from '@nestjs/swagger';
import type { AuditDetail } from '../entities.js';

export class AuditLineDto {
  @ApiProperty({ example: 'aud_019aa3f0-0000-7000-8000-000000000004' })
  id!: string;
  @ApiProperty({ type: String, format: 'date-time' })
  at!: string;
  /** `operator:<username>`, or `gateway` for its own actions at startup. */
  @ApiProperty({ example: 'operator:ana.lopez' })
  actor!: string;
  /** The client's address (behind proxies: see `TRUST_PROXY`); null for the gateway's own actions. */
  @ApiProperty({ type: String, nullable: true, example: '203.0.113.9' })
  address!: string | null;
  @ApiProperty({ example: 'key.revoke' })
  action!: string;
  /** The object of the action. */
  @ApiProperty({ type: String, nullable: true, example: 'key_019aa3f0-0000-7000-8000-000000000002' })
  target!: string | null;
  @ApiProperty({ type: 'object', additionalProperties: true })
  detail!: AuditDetail;
}

export class AuditPageDto {
  @ApiProperty({ type: [AuditLineDto] })
  data!: AuditLineDto[];
  @ApiProperty({ type: String, nullable: true })
  nextCursor!: string | null;
}
