import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What LATCOM sells, which was a constant before. Identifiers sort by byte, whatever the collation of the database, so that
 * the pages of a list follow each other in the order in which they are compared.
 */
const PRODUCTS = `
create table latcom_products (
  product_id text collate "C" primary key check (product_id ~ '^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$'),
  description text not null check (length(description) between 1 and 200),
  operator text not null check (length(operator) between 1 and 40),
  min_pesos integer not null check (min_pesos >= 1),
  max_pesos integer not null check (max_pesos <= 50000),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  check (min_pesos <= max_pesos)
);
comment on table latcom_products is 'what LATCOM sells, in whole pesos; equal amounts are a fixed price';
`;

/** The documented products. The number in a package's identifier is not its price. */
const DOCUMENTED = `
insert into latcom_products (product_id, description, operator, min_pesos, max_pesos)
values ('MOVISTAR_TAE', 'Traditional airtime', 'MOVISTAR', 10, 5000);
insert into latcom_products (product_id, description, operator, min_pesos, max_pesos)
select 'MOVISTAR_PAQUETE_' || number, 'Paquete $' || pesos, 'MOVISTAR', pesos, pesos
from (values (16, 30), (17, 50), (18, 70), (19, 90), (20, 110), (21, 150), (22, 210), (23, 320), (24, 400), (25, 420))
  packages (number, pesos);
`;

/** LATCOM's catalogue is data. */
export class Catalogue1795226060000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const part of [PRODUCTS, DOCUMENTED]) await runner.query(part);
  }

  /** Forward only: a ledger is never rolled back by dropping it. */
  down(): Promise<void> {
    return Promise.reject(new Error('migrations are forward-only: restore a backup instead'));
  }
}
