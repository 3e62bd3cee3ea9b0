import type { ProviderManifest } from '../connector/manifest.js';
import { LATAM_PASS } from './latam-pass/manifest.js';
import { LATCOM } from './latcom/manifest.js';
import { LOYALTY_LAYER } from './loyalty-layer/manifest.js';

/**
 * All providers, in the order of lists. To add one, add its folders and a line each here, in `app.module.ts` and in
 * `sandbox/providers.ts`.
 */
export const MANIFESTS = [LATAM_PASS, LOYALTY_LAYER, LATCOM] as const satisfies readonly ProviderManifest[];
