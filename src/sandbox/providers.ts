import { latamPass } from './latam-pass/latam-pass.module.js';
import { latcom } from './latcom/latcom.module.js';
import { loyaltyLayer } from './loyalty-layer/loyalty-layer.module.js';
import { type SimulatedProvider } from './provider.js';

/** Every provider that the sandbox simulates, in the order of the reports. Nothing else lists them. */
export const PROVIDERS: readonly SimulatedProvider[] = [latamPass, loyaltyLayer, latcom];

export const PROVIDER_NAMES: readonly string[] = PROVIDERS.map(({ name }) => name);
