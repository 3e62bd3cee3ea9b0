import { ApiProperty } from '@nestjs/swagger';

export class LivenessDto {
  @ApiProperty({ enum: ['ok'] })
  status!: 'ok';
}

export class ReadinessDto {
  @ApiProperty({ enum: ['ready', 'not_ready'] })
  status!: 'ready' | 'not_ready';
  /** `unavailable`: the database does not respond, or it is read-only (a standby). */
  @ApiProperty({ enum: ['ok', 'unavailable'] })
  database!: 'ok' | 'unavailable';
  @ApiProperty({ enum: ['ok', 'pending', 'unknown'] })
  migrations!: 'ok' | 'pending' | 'unknown';
  /** Shutting down: finishes requests in progress and accepts no new ones. */
  @ApiProperty({ type: Boolean })
  draining!: boolean;
}
