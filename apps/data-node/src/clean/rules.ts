// The cleaning rules as the configuration has them, in the units of the native pass.

import type { CleanRules } from '@ndts/native/clean';
import { type ConfigValues, nsPerMs } from '@ndts/protocol';

export function cleanRules(config: ConfigValues): CleanRules {
  return {
    priceMax: config.clean.priceMax,
    spreadMax: config.clean.spreadMax,
    disorderNs: config.clean.disorderMs * nsPerMs,
  };
}
