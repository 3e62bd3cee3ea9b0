import { newUuid } from '../../../common/ids.js';
import { isClosed } from '../../../ledger/model/personal-fields.js';
import type { JsonObject, Resource } from '../../../ledger/model/transaction.js';
import type { Draft } from '../../../operations/submission/draft.js';
import { Problem } from '../../../common/problem.js';
import type { UpdatePassDto } from './pass-change.dto.js';
import { passIdBody, updatePassBody } from './pass-change.mapping.js';
import { maskedHolder } from './pass.draft.js';

/** @throws Problem `validation_failed`, `invalid_state` */
export function passUpdateDraft(pass: Resource, dto: UpdatePassDto): Draft {
  const { holder, metadata } = dto;
  const changes = holder && Object.values(holder).some((value) => value !== undefined);
  if (!changes && metadata === undefined) throw Problem.invalid('', 'must change holder, metadata, or both');
  if (isClosed(pass)) {
    throw new Problem('invalid_state', 'The personal data of this pass was blocked or erased: issue a new pass.');
  }
  const passId = issuedIdOf(pass);
  return {
    ...onPass(pass, 'pass_update'),
    detail: { ...(changes && { holder: maskedHolder(holder) }), ...(metadata && { metadata }) },
    secret: {
      personal: changes ? { holder: definedOf({ ...holder }) } : {},
      body: changes ? updatePassBody(passId, holder) : '',
    },
    metadata: metadata ?? {},
  };
}

/** @throws Problem `invalid_state` */
export function passCancelDraft(pass: Resource): Draft {
  return {
    ...onPass(pass, 'pass_cancel'),
    detail: {},
    secret: { personal: {}, body: passIdBody(issuedIdOf(pass)) },
    metadata: {},
  };
}

function onPass(
  pass: Resource,
  type: 'pass_update' | 'pass_cancel',
): Pick<Draft, 'id' | 'type' | 'provider' | 'reference' | 'quantity' | 'resourceId'> {
  return { id: newUuid(), type, provider: 'loyalty-layer', reference: null, quantity: null, resourceId: pass.id };
}

function issuedIdOf({ providerReference, status }: Resource): string {
  if (providerReference !== null) return providerReference;
  throw new Problem(
    'invalid_state',
    `The pass is ${status} and has no id of LoyaltyLayer yet, so it cannot be changed or canceled.`,
  );
}

function definedOf(values: Readonly<Record<string, string | undefined>>): JsonObject {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}
