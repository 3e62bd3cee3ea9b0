import { Injectable } from '@nestjs/common';
import { RequestValidation } from '../../../api/validation.js';
import { Config } from '../../../config/config.js';
import type { Draft } from '../../../operations/submission/draft.js';
import { DryRun } from '../../../operations/submission/dry-run.service.js';
import { Problem, type FieldError } from '../../../common/problem.js';
import { Catalog } from '../catalog/catalog.service.js';
import { topupDraft } from './topup.draft.js';
import { CreateTopupDto, type TopupValidationDto } from './topup.dto.js';

/** Translates and validates top-ups before they are recorded. */
@Injectable()
export class Topups {
  private readonly rules = new RequestValidation();

  constructor(
    private readonly config: Config,
    private readonly dryRun: DryRun,
    private readonly catalog: Catalog,
  ) {}

  /** @throws Problem `validation_failed` */
  async draft(dto: CreateTopupDto): Promise<Draft> {
    return topupDraft(dto, await this.catalog.find(dto.productId), this.config.providers.latcom.floatSafety);
  }

  /** Validates a top-up with the code of a purchase. Nothing is recorded or sent. */
  async check(body: unknown, appId: string): Promise<TopupValidationDto> {
    const problems = await this.problems(body, appId);
    return { valid: problems.length === 0, problems };
  }

  private async problems(body: unknown, appId: string): Promise<FieldError[]> {
    try {
      const dto: unknown = await this.rules.transform(body, { type: 'body', metatype: CreateTopupDto });
      if (!(dto instanceof CreateTopupDto)) throw new Error('validation returned another class than requested');
      return await this.dryRun.problems(await this.draft(dto), appId);
    } catch (error) {
      if (error instanceof Problem && error.code === 'validation_failed') return [...(error.extras.errors ?? [])];
      throw error;
    }
  }
}
