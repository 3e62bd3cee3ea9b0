import { Injectable } from '@nestjs/common';
import { RequestValidation } from '../../api/validation.js';
import { Preview } from '../../operations/preview.js';
import { Problem, type FieldError } from '../../problem.js';
import { CreateTopupDto, type TopupValidationDto } from './topup.dto.js';
import { topupDraft } from './topups.js';

/** Says whether a top-up would be accepted: the same rules as for a purchase, by the same code; nothing is sent. */
@Injectable()
export class TopupChecks {
  private readonly rules = new RequestValidation();

  constructor(private readonly preview: Preview) {}

  async check(body: unknown, appId: string): Promise<TopupValidationDto> {
    const problems = await this.problems(body, appId);
    return { valid: problems.length === 0, problems };
  }

  private async problems(body: unknown, appId: string): Promise<FieldError[]> {
    try {
      const dto: unknown = await this.rules.transform(body, { type: 'body', metatype: CreateTopupDto });
      if (!(dto instanceof CreateTopupDto)) throw new Error('validation gave something else than it was asked for');
      return await this.preview.problems(topupDraft(dto), appId);
    } catch (error) {
      if (error instanceof Problem && error.code === 'validation_failed') return [...(error.extras.errors ?? [])];
      throw error;
    }
  }
}
