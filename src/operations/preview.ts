import { Injectable } from '@nestjs/common';
import { Ledger } from '../ledger/ledger.js';
import type { FieldError } from '../problem.js';
import { Vault } from '../vault.js';
import type { Draft } from './draft.js';

/** What a submission would meet, without recording or sending anything. */
@Injectable()
export class Preview {
  constructor(
    private readonly ledger: Ledger,
    private readonly vault: Vault,
  ) {}

  /** What would stand in the draft's way now; a moment later that may be another. */
  async problems(draft: Draft, appId: string): Promise<FieldError[]> {
    const isGuarded = draft.duplicateOf !== undefined && draft.allowDuplicate !== true;
    const obstacle = await this.ledger.obstacle({
      id: draft.id,
      appId,
      type: draft.type,
      reference: draft.reference,
      referenceScope: draft.referenceScope ?? appId,
      idempotencyKey: null,
      idempotencyItem: 0,
      requestMac: null,
      duplicateMac: isGuarded ? this.vault.mac('duplicate-guard', draft.duplicateOf) : null,
    });
    switch (obstacle?.by) {
      case 'reference':
        return [{ pointer: '/reference', message: `is already used for another ${draft.type}` }];
      case 'duplicate':
        return [
          {
            pointer: '/allowDuplicate',
            message: 'must be true: the same was requested within the last ten minutes (possible_duplicate)',
          },
        ];
      default:
        return [];
    }
  }
}
