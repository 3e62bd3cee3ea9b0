import { Type } from 'class-transformer';
import { IsIn, IsObject, ValidateNested } from 'class-validator';
import { Optional } from '../../../api/optional.js';
import { IsMetadata } from '../../../operations/http/field.validators.js';
import { HolderChangeDto } from './holder.dto.js';

export class UpdatePassDto {
  @Optional()
  @IsObject({ message: 'must be an object' })
  @ValidateNested()
  @Type(() => HolderChangeDto)
  holder?: HolderChangeDto;

  /** Replaces the pass's metadata. */
  @IsMetadata()
  metadata?: Record<string, string>;
}

export class PassQueryDto {
  /** `true`: query LoyaltyLayer for the current state first. */
  @Optional()
  @IsIn(['true', 'false'], { message: 'must be true or false' })
  refresh?: string;
}

/** A valid request, shown in Swagger UI. */
export const PASS_UPDATE_EXAMPLE = { holder: { email: 'ana.souza@example.com' }, metadata: { channel: 'app' } };
