import { Injectable } from '@nestjs/common';
import { Database, isUnavailable } from '../../../database/database.js';
import { StaleWhileErrorCache } from '../../../common/stale-while-error-cache.js';
import { describeError, logger } from '../../../common/log.js';

/** A product that LATCOM sells, priced in whole pesos. Equal minimum and maximum are a fixed price. */
export interface Product {
  readonly productId: string;
  readonly description: string;
  /** Sent to LATCOM with every purchase of the product. */
  readonly operator: string;
  readonly minPesos: number;
  readonly maxPesos: number;
}

type Products = ReadonlyMap<string, Product>;

/** The only key of the cache: the catalog is small and read as a whole. */
const ALL = 'all';

const SELECT = `
select product_id as "productId", description, operator, min_pesos as "minPesos", max_pesos as "maxPesos"
from latcom_products order by operator, min_pesos, product_id`;

/**
 * LATCOM's products, held in memory for the hot path. Every instance sees a change within 3 s. While the database is
 * unavailable, the last known catalog is used.
 */
@Injectable()
export class Catalog {
  private readonly cache: StaleWhileErrorCache<Products>;
  private last: Products | null = null;

  constructor(private readonly database: Database) {
    this.cache = new StaleWhileErrorCache(() => this.load());
  }

  /** null: not in the catalog, or retired. */
  async find(productId: string): Promise<Product | null> {
    const products = await this.cache.get(ALL);
    return products.get(productId) ?? null;
  }

  /** In the order of operator and price. */
  async list(): Promise<Product[]> {
    return [...(await this.cache.get(ALL)).values()];
  }

  /** Call it after a change by this process: the next lookup reads the database. */
  forget(): void {
    this.cache.forget(ALL);
  }

  private async load(): Promise<Products> {
    try {
      const rows = await this.database.prepared<Product>('latcom_products', SELECT, []);
      this.last = new Map(rows.map((product) => [product.productId, product]));
    } catch (error) {
      if (!this.last || !isUnavailable(error)) throw error;
      logger.warn(describeError(error), 'the catalog of LATCOM could not be read; the last known one is used');
    }
    return this.last;
  }
}
