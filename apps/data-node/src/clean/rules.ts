// The cleaning rules as the configuration has them, in the units of the native pass.

import { type Cleaner, type CleanRules, createCleaner } from '@ndts/native/clean';
import { type ConfigValues, nsPerMs } from '@ndts/protocol';

export function cleanRules(config: ConfigValues): CleanRules {
  return {
    priceMax: config.clean.priceMax,
    spreadMax: config.clean.spreadMax,
    disorderNs: config.clean.disorderMs * nsPerMs,
  };
}

/** The cleaner of a configuration. */
export function openCleaner(config: ConfigValues): Cleaner {
  return createCleaner(cleanRules(config));
}
