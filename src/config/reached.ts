import type { ProviderSettings, ReachableSettings } from './providers.js';
import type { VariableName } from './variables.js';

interface Reached {
  readonly title: string;
  /** Without it the sandbox plays the provider. */
  readonly baseUrl: VariableName;
  readonly settingsIn: (all: ProviderSettings) => ReachableSettings;
}

/** Every provider, complete by its type: one that is left out here would be simulated in production without a word. */
const REACHED: { readonly [Group in keyof ProviderSettings]: Reached } = {
  latamPass: {
    title: 'LATAM Pass',
    baseUrl: 'LATAM_PASS_BASE_URL',
    settingsIn: ({ latamPass }) => latamPass,
  },
  loyaltyLayer: {
    title: 'LoyaltyLayer',
    baseUrl: 'LOYALTY_LAYER_BASE_URL',
    settingsIn: ({ loyaltyLayer }) => loyaltyLayer,
  },
  latcom: {
    title: 'LATCOM',
    baseUrl: 'LATCOM_BASE_URL',
    settingsIn: ({ latcom }) => latcom,
  },
};

export const REACHED_PROVIDERS: readonly Reached[] = Object.values(REACHED);
