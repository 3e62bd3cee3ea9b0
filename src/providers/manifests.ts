import type { ProviderManifest } from '../connector/manifest.js';
import { LATAM_PASS } from './latam-pass/manifest.js';
import { LATCOM } from './latcom/manifest.js';
import { LOYALTY_LAYER } from './loyalty-layer/manifest.js';

/**
 * The one list of providers, in the order in which lists show them. A provider is one line here, one in `app.module.ts`,
 * one in `sandbox/providers.ts`, and its folders.
 */
export const MANIFESTS = [LATAM_PASS, LOYALTY_LAYER, LATCOM] as const satisfies readonly ProviderManifest[];
