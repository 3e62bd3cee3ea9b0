import { newUuid } from '../../../common/ids.js';
import { PESO_UNIT } from '../../../ledger/model/units.js';
import { maskNumber } from '../../../operations/transactions/mask.js';
import type { Draft } from '../../../operations/submission/draft.js';
import { Problem, type FieldError } from '../../../common/problem.js';
import { readDateTime } from '../../../readers/date-time.js';
import type { Product } from '../catalog/catalog.service.js';
import { purchaseBody } from './topup.mapping.js';
import { toPesos } from '../pesos.dto.js';
import { readPhoneNumber } from './phone-number.js';
import type { CreateTopupDto } from './topup.dto.js';

const CENTAVOS = 100n;
const DEFAULT_LIFETIME_MS = 120_000;
const MAX_LIFETIME_MS = 24 * 60 * 60_000;

/**
 * Translates a partner's request into a purchase for LATCOM. Requests that LATCOM would reject are rejected here.
 * `product`: null if it is not in the catalog.
 */
export function topupDraft(dto: CreateTopupDto, product: Product | null, floatSafety: string): Draft {
  const phone = readPhoneNumber(dto.phoneNumber);
  const pesos = toPesos(dto.amount);
  const expiresInMs = lifetimeMs(dto.expiresAt);
  const errors = [
    ...('error' in phone ? [{ pointer: '/phoneNumber', message: phone.error }] : []),
    ...productErrors(dto, product, pesos),
    ...lifetimeErrors(expiresInMs),
  ];
  if (errors.length > 0 || 'error' in phone || !product) throw Problem.validation(errors);
  const id = newUuid();
  const { national } = phone;
  return {
    id,
    type: 'topup',
    provider: 'latcom',
    reference: dto.reference,
    quantity: { amount: BigInt(pesos) * CENTAVOS, unit: PESO_UNIT },
    detail: {
      phoneNumber: maskNumber(national),
      productId: product.productId,
      operator: product.operator,
      distributorTransactionId: id,
      authCode: null,
      rrn: null,
    },
    secret: {
      personal: { phoneNumber: national },
      body: purchaseBody({
        transactionId: id,
        phoneNumber: national,
        productId: product.productId,
        pesos,
        operator: product.operator,
      }),
    },
    metadata: dto.metadata ?? {},
    expiresInMs,
    duplicateOf: `${national}|${product.productId}|${pesos}`,
    allowDuplicate: dto.allowDuplicate ?? false,
    cover: { safety: floatSafety },
  };
}

/** Milliseconds until the expiry; an unreadable time counts as expired. */
function lifetimeMs(expiresAt: string | undefined): number {
  if (expiresAt === undefined) return DEFAULT_LIFETIME_MS;
  return (readDateTime(expiresAt)?.getTime() ?? 0) - Date.now();
}

function productErrors(dto: CreateTopupDto, product: Product | null, pesos: number): FieldError[] {
  if (!product) return [{ pointer: '/productId', message: 'is not in the catalog: see GET /v1/topups/products' }];
  const { minPesos, maxPesos, operator } = product;
  const errors: FieldError[] = [];
  if (pesos < minPesos || pesos > maxPesos) {
    const rule = minPesos === maxPesos ? `must be ${minPesos}.00` : `must be from ${minPesos}.00 to ${maxPesos}.00`;
    errors.push({ pointer: '/amount/value', message: `${rule} for ${product.productId}` });
  }
  if (dto.operator !== undefined && dto.operator !== operator) {
    errors.push({ pointer: '/operator', message: `must be ${operator} for ${product.productId}` });
  }
  return errors;
}

function lifetimeErrors(expiresInMs: number): FieldError[] {
  if (expiresInMs <= 0) return [{ pointer: '/expiresAt', message: 'must be in the future' }];
  return expiresInMs > MAX_LIFETIME_MS ? [{ pointer: '/expiresAt', message: 'must be at most 24 hours ahead' }] : [];
}
