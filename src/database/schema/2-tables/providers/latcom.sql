-- LATCOM's products. Identifiers sort by byte in any database collation, so that the pages of a list follow the order
-- of the comparison.
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
comment on table latcom_products is 'the products of LATCOM, in whole pesos; equal amounts are a fixed price';

-- The documented products. The number in a package's identifier is not its price.
insert into latcom_products (product_id, description, operator, min_pesos, max_pesos) values
  ('MOVISTAR_TAE', 'Traditional airtime', 'MOVISTAR', 10, 5000),
  ('MOVISTAR_PAQUETE_16', 'Paquete $30', 'MOVISTAR', 30, 30),
  ('MOVISTAR_PAQUETE_17', 'Paquete $50', 'MOVISTAR', 50, 50),
  ('MOVISTAR_PAQUETE_18', 'Paquete $70', 'MOVISTAR', 70, 70),
  ('MOVISTAR_PAQUETE_19', 'Paquete $90', 'MOVISTAR', 90, 90),
  ('MOVISTAR_PAQUETE_20', 'Paquete $110', 'MOVISTAR', 110, 110),
  ('MOVISTAR_PAQUETE_21', 'Paquete $150', 'MOVISTAR', 150, 150),
  ('MOVISTAR_PAQUETE_22', 'Paquete $210', 'MOVISTAR', 210, 210),
  ('MOVISTAR_PAQUETE_23', 'Paquete $320', 'MOVISTAR', 320, 320),
  ('MOVISTAR_PAQUETE_24', 'Paquete $400', 'MOVISTAR', 400, 400),
  ('MOVISTAR_PAQUETE_25', 'Paquete $420', 'MOVISTAR', 420, 420);
