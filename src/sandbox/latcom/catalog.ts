import { Injectable } from '@nestjs/common';
import { IsInt, IsString } from 'class-validator';
import { Journal } from '../journal.js';
import { type Table } from '../table.js';

/** A product and its price range in whole pesos. */
export class Product {
  /** Its product_id. */
  @IsString() id: string;
  @IsString() operator: string;
  @IsInt() minPesos: number;
  @IsInt() maxPesos: number;
}

/** The packages' prices in pesos ("Products"). The number in the id is not the price. */
const PACKAGE_PESOS: Readonly<Record<string, number>> = {
  MOVISTAR_PAQUETE_16: 30,
  MOVISTAR_PAQUETE_17: 50,
  MOVISTAR_PAQUETE_18: 70,
  MOVISTAR_PAQUETE_19: 90,
  MOVISTAR_PAQUETE_20: 110,
  MOVISTAR_PAQUETE_21: 150,
  MOVISTAR_PAQUETE_22: 210,
  MOVISTAR_PAQUETE_23: 320,
  MOVISTAR_PAQUETE_24: 400,
  MOVISTAR_PAQUETE_25: 420,
};

const DOCUMENTED: readonly Product[] = [
  { id: 'MOVISTAR_TAE', operator: 'MOVISTAR', minPesos: 10, maxPesos: 5000 },
  ...Object.entries(PACKAGE_PESOS).map(([id, pesos]) => ({
    id,
    operator: 'MOVISTAR',
    minPesos: pesos,
    maxPesos: pesos,
  })),
];

/** The documented products, and those that the control API has added or changed. */
@Injectable()
export class Catalog {
  private readonly added: Table<Product>;

  constructor(journal: Journal) {
    this.added = journal.table('product', Product);
  }

  find(productId: string): Product | undefined {
    return this.added.get(productId) ?? DOCUMENTED.find(({ id }) => id === productId);
  }

  put(product: Product): void {
    this.added.put(product);
  }

  all(): Product[] {
    const documented = DOCUMENTED.filter(({ id }) => this.added.get(id) === undefined);
    return [...documented, ...this.added.all()];
  }
}

/** The response code that declines the order; `undefined`: the order is accepted. */
export function declineCode(product: Product | undefined, pesos: number): string | undefined {
  if (!product) return '14';
  const fits = Number.isInteger(pesos) && pesos >= product.minPesos && pesos <= product.maxPesos;
  return fits ? undefined : '13';
}

/** US cents for whole pesos, rounded up. The rate differs a little from one purchase to the next. */
export function costCents(pesos: number, purchaseNumber: number): number {
  // Ten-thousandths of a peso per dollar: between 17.0000 and 17.1999.
  const rate = 170_000 + ((purchaseNumber * 137) % 2000);
  return Math.ceil((pesos * 100 * 10_000) / rate);
}
