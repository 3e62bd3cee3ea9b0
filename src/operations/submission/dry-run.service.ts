import { Injectable } from '@nestjs/common';
import { Ledger } from '../../ledger/ledger.service.js';
import type { FieldError } from '../../common/problem.js';
import { Vault } from '../../crypto/gateway-vault.js';
import type { Draft } from './draft.js';

const DUPLICATE = 'must be true: the same was requested within the last ten minutes (possible_duplicate)';
const UNCOVERED = 'is more than the prepaid balance covers now (insufficient_float)';

/** Checks a submission against the ledger and the float, without recording or sending anything. */
@Injectable()
export class DryRun {
  constructor(
    private readonly ledger: Ledger,
    private readonly vault: Vault,
  ) {}

  /** The reasons for which the draft would be rejected now; empty: it would be accepted. */
  async problems(draft: Draft, appId: string): Promise<FieldError[]> {
    const isGuarded = draft.duplicateOf !== undefined && draft.allowDuplicate !== true;
    const conflict = await this.ledger.conflict({
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
    const quantity = draft.quantity?.amount ?? null;
    const isCovered = await this.ledger.isCovered({ provider: draft.provider, quantity, cover: draft.cover ?? null });
    return [
      ...(conflict?.by === 'reference'
        ? [{ pointer: '/reference', message: `is already used for another ${draft.type} (reference_conflict)` }]
        : []),
      ...(conflict?.by === 'duplicate' ? [{ pointer: '/allowDuplicate', message: DUPLICATE }] : []),
      ...(isCovered ? [] : [{ pointer: '/amount', message: UNCOVERED }]),
    ];
  }
}
