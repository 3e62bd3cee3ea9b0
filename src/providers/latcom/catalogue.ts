/** What LATCOM sells ("Products"): prices in whole pesos. The number in a package's id is not its price. */
export interface Product {
  readonly productId: string;
  readonly description: string;
  readonly operator: string;
  readonly minPesos: number;
  readonly maxPesos: number;
}

const PACKAGE_PRICES_PESOS: Readonly<Record<string, number>> = {
  '16': 30,
  '17': 50,
  '18': 70,
  '19': 90,
  '20': 110,
  '21': 150,
  '22': 210,
  '23': 320,
  '24': 400,
  '25': 420,
};

const OPERATOR = 'MOVISTAR';

export const CATALOGUE: readonly Product[] = [
  {
    productId: 'MOVISTAR_TAE',
    description: 'Traditional airtime',
    operator: OPERATOR,
    minPesos: 10,
    maxPesos: 5_000,
  },
  ...Object.entries(PACKAGE_PRICES_PESOS).map(([suffix, pesos]) => ({
    productId: `MOVISTAR_PAQUETE_${suffix}`,
    description: `Paquete $${pesos}`,
    operator: OPERATOR,
    minPesos: pesos,
    maxPesos: pesos,
  })),
];

export function findProduct(productId: string): Product | null {
  return CATALOGUE.find((product) => product.productId === productId) ?? null;
}
