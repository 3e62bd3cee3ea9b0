import { Client, type Pool } from 'pg';
import { Database } from '../../src/database/database.js';
import { Catalog } from '../../src/providers/latcom/catalog/catalog.service.js';
import { createDatabase, openPool, type TestDatabase } from '../support/database.js';

let place: TestDatabase;
let pool: Pool;
let owner: Client;
let catalog: Catalog;
let questions = 0;

beforeEach(async () => {
  place = await createDatabase();
  pool = openPool(place, 5);
  questions = 0;
  pool.on('acquire', () => (questions += 1));
  owner = new Client({ connectionString: place.adminUrl });
  await owner.connect();
  catalog = new Catalog(new Database(pool));
});

afterEach(async () => {
  await owner.end();
  await pool.end();
  await place.drop();
});

it('the catalog begins with the eleven documented products of LATCOM', async () => {
  const prices = [30, 50, 70, 90, 110, 150, 210, 320, 400, 420];
  expect(await catalog.list()).toEqual([
    {
      productId: 'MOVISTAR_TAE',
      description: 'Traditional airtime',
      operator: 'MOVISTAR',
      minPesos: 10,
      maxPesos: 5000,
    },
    ...prices.map((pesos, index) => ({
      productId: `MOVISTAR_PAQUETE_${16 + index}`,
      description: `Paquete $${pesos}`,
      operator: 'MOVISTAR',
      minPesos: pesos,
      maxPesos: pesos,
    })),
  ]);
});

it('a thousand lookups of known and unknown products cost one query', async () => {
  for (let index = 0; index < 1_000; index += 1) {
    expect(await catalog.find('MOVISTAR_TAE')).toMatchObject({ maxPesos: 5000 });
    expect(await catalog.find(`NONE_${index}`)).toBeNull();
  }
  expect(questions).toBe(1);
});

it('the last known catalog counts while the database does not answer', async () => {
  expect(await catalog.find('MOVISTAR_TAE')).not.toBeNull();
  await owner.query('begin');
  await owner.query('lock table latcom_products in access exclusive mode');
  catalog.forget();
  expect(await catalog.find('MOVISTAR_TAE')).toMatchObject({ maxPesos: 5000 });
  await owner.query('rollback');
}, 20_000);

it('a catalog that the gateway may not read is an error, not the last known one', async () => {
  expect(await catalog.find('MOVISTAR_TAE')).not.toBeNull();
  await owner.query('drop table latcom_products');
  catalog.forget();
  await expect(catalog.find('MOVISTAR_TAE')).rejects.toThrow('latcom_products');
});

it.each([
  ['a minimum above the maximum', `update latcom_products set min_pesos = max_pesos + 1`],
  ['no pesos', `update latcom_products set min_pesos = 0`],
  ['more than 50,000 pesos', `update latcom_products set max_pesos = 50001`],
  ['an identifier with a space', `update latcom_products set product_id = product_id || ' '`],
  ['an empty operator', `update latcom_products set operator = ''`],
])('the table of the catalog refuses %s', async (_what, statement) => {
  await expect(owner.query(statement)).rejects.toThrow('violates check constraint');
});
