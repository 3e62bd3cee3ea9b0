import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { Audit, type OperatorCaller } from '../../../access/index.js';
import { Problem, type FieldError } from '../../../common/problem.js';
import { Catalog, type Product } from './catalog.service.js';

/** A product as operators see it. */
export interface CatalogProduct extends Product {
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** Ten times the largest documented amount, to reject typing errors. The table has the same limit. */
const MAX_PESOS = 50_000;
/** Every instance holds the whole catalog in memory. */
const MAX_PRODUCTS = 1_000;

const SELECT = `
select product_id as "productId", description, operator, min_pesos as "minPesos", max_pesos as "maxPesos",
  created_at as "createdAt", updated_at as "updatedAt"
from latcom_products`;

const INSERT = `
insert into latcom_products (product_id, description, operator, min_pesos, max_pesos) values ($1, $2, $3, $4, $5)
on conflict (product_id) do nothing returning product_id`;

const UPDATE = `
update latcom_products set description = $2, operator = $3, min_pesos = $4, max_pesos = $5, updated_at = now()
where product_id = $1`;

/** Lets operators manage LATCOM's catalog. A change and its audit entry are one database transaction. */
@Injectable()
export class CatalogAdmin {
  constructor(
    private readonly source: DataSource,
    private readonly audit: Audit,
    private readonly catalog: Catalog,
  ) {}

  /** Also reactivates a retired product. @throws Problem `validation_failed`, `invalid_state` */
  async create(product: Product, actor: OperatorCaller): Promise<CatalogProduct> {
    assertPriced(product, '/minAmount/value');
    return this.change(product.productId, async (manager) => {
      const added = await manager.query<unknown[]>(INSERT, valuesOf(product));
      if (added.length === 0) {
        throw new Problem('invalid_state', 'This product already exists. Change it instead.');
      }
      const [found] = await manager.query<{ count: number }[]>(
        'select count(*)::integer as count from latcom_products',
      );
      if ((found?.count ?? 0) > MAX_PRODUCTS) {
        throw new Problem('invalid_state', `The catalog holds at most ${MAX_PRODUCTS} products. Retire one first.`);
      }
      await this.audit.record(actor, 'product.create', product.productId, audited(product), manager);
    });
  }

  /** In the order of their ids. */
  async list(limit: number, after: string | null): Promise<CatalogProduct[]> {
    return this.source.query<CatalogProduct[]>(`${SELECT} where product_id > $1 order by product_id limit $2`, [
      after ?? '',
      limit,
    ]);
  }

  /** @throws Problem `not_found` */
  async read(productId: string): Promise<CatalogProduct> {
    return this.find(this.source.manager, productId);
  }

  /** Purchases recorded earlier keep their amount. @throws Problem `validation_failed`, `not_found` */
  async update(
    productId: string,
    changes: Partial<Omit<Product, 'productId'>>,
    actor: OperatorCaller,
  ): Promise<CatalogProduct> {
    return this.change(productId, async (manager) => {
      const before = await this.find(manager, productId, 'for update');
      const after = { ...before, ...changes };
      assertPriced(after, changes.minPesos === undefined ? '/maxAmount/value' : '/minAmount/value');
      await manager.query(UPDATE, valuesOf(after));
      await this.audit.record(actor, 'product.update', productId, { changes: changesOf(before, after) }, manager);
    });
  }

  /** Purchases recorded earlier continue. @throws Problem `not_found` */
  async retire(productId: string, actor: OperatorCaller): Promise<void> {
    await this.source.transaction(async (manager) => {
      const product = await this.find(manager, productId, 'for update');
      await manager.query('delete from latcom_products where product_id = $1', [productId]);
      await this.audit.record(actor, 'product.retire', productId, audited(product), manager);
    });
    this.catalog.forget();
  }

  private async change(productId: string, work: (manager: EntityManager) => Promise<void>): Promise<CatalogProduct> {
    const changed = await this.source.transaction(async (manager) => {
      await work(manager);
      return this.find(manager, productId);
    });
    this.catalog.forget();
    return changed;
  }

  private async find(manager: EntityManager, productId: string, lock: 'for update' | '' = ''): Promise<CatalogProduct> {
    const [product] = await manager.query<CatalogProduct[]>(`${SELECT} where product_id = $1 ${lock}`, [productId]);
    if (!product) throw Problem.notFound('product');
    return product;
  }
}

function valuesOf({ productId, description, operator, minPesos, maxPesos }: Product): unknown[] {
  return [productId, description, operator, minPesos, maxPesos];
}

/** `given` is the pointer of the amount in the request, which gets the error when minimum and maximum conflict. */
function assertPriced({ minPesos, maxPesos }: Product, given: string): void {
  const errors: FieldError[] = [];
  if (maxPesos > MAX_PESOS) errors.push({ pointer: '/maxAmount/value', message: `must be at most ${MAX_PESOS}.00` });
  else if (minPesos > maxPesos) {
    errors.push({
      pointer: given,
      message: `conflicts: minAmount ${minPesos}.00 is more than maxAmount ${maxPesos}.00`,
    });
  }
  if (errors.length > 0) throw Problem.validation(errors);
}

function audited({ description, operator, minPesos, maxPesos }: Product): Readonly<Record<string, string>> {
  return { description, operator, minAmount: `${minPesos}.00`, maxAmount: `${maxPesos}.00` };
}

/** Old and new values, because the initial products have no audit entry of their creation. */
function changesOf(before: Product, after: Product): string[] {
  const now = audited(after);
  return Object.entries(audited(before))
    .filter(([name, value]) => value !== now[name])
    .map(([name, value]) => `${name}: ${value} -> ${now[name] ?? ''}`);
}
