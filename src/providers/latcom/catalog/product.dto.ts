import type { Product } from './catalog.service.js';
import { fromPesos, type PesosDto } from '../pesos.dto.js';

export class ProductDto {
  /** @example "MOVISTAR_TAE" */
  productId!: string;
  /** @example "Traditional airtime" */
  description!: string;
  /** @example "MOVISTAR" */
  operator!: string;
  /** Smallest amount. */
  minAmount!: PesosDto;
  /** Largest amount. */
  maxAmount!: PesosDto;
  /** Whether the product has exactly one price. */
  fixedPrice!: boolean;
}

export class ProductListDto {
  data!: ProductDto[];
}

export function presentProduct({ productId, description, operator, minPesos, maxPesos }: Product): ProductDto {
  return {
    productId,
    description,
    operator,
    minAmount: fromPesos(minPesos),
    maxAmount: fromPesos(maxPesos),
    fixedPrice: minPesos === maxPesos,
  };
}
