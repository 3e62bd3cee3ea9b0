import { ApiProperty } from '@nestjs/swagger';

export class LivenessDto {
  @ApiProperty({ enum: ['ok'] })
  status!: 'ok';
}

export class ReadinessDto {
  @ApiProperty({ enum: ['ready', 'not_ready'] })
  status!: 'ready' | 'not_ready';
  /** unavailable: it does not answer, or it takes no changes, as a standby does. */
  @ApiProperty({ enum: ['ok', 'unavailable'] })
  database!: 'ok' | 'unavailable';
  @ApiProperty({ enum: ['ok', 'pending', 'unknown'] })
  migrations!: 'ok' | 'pending' | 'unknown';
  /** Going down: it ends what it has begun and takes nothing new. */
  @ApiProperty({ type: Boolean })
  draining!: boolean;
}
