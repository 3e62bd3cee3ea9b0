/** Movistar airtime: from and to, in whole pesos ("Products"). */
const TAE_PESOS = { min: 10, max: 5000 } as const;

/** The packages' prices in pesos; the number in the id is not the price. */
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

/** The response code with which the order is declined, or `undefined` for a good one. */
export function declineCode(productId: string, pesos: number): string | undefined {
  if (productId === 'MOVISTAR_TAE') {
    const fits = Number.isInteger(pesos) && pesos >= TAE_PESOS.min && pesos <= TAE_PESOS.max;
    return fits ? undefined : '13';
  }
  const price = PACKAGE_PESOS[productId];
  if (price === undefined) return '14';
  return pesos === price ? undefined : '13';
}

/** US cents for whole pesos, rounded up, at a rate that is a little different for each purchase in a row. */
export function costCents(pesos: number, purchaseNumber: number): number {
  // Ten-thousandths of a peso per dollar: between 17.0000 and 17.1999.
  const rate = 170_000 + ((purchaseNumber * 137) % 2000);
  return Math.ceil((pesos * 100 * 10_000) / rate);
}
