// The cleaning rules as the configuration has them, in the units of the native pass.

import { type Cleaner, type CleanPlan, type CleanRules, createCleaner } from '@ndts/native/clean';
import { type ConfigValues, nsPerMs, nsPerSecond } from '@ndts/protocol';

export function cleanRules(config: ConfigValues): CleanRules {
  return { plans: [defaultPlan(config)], calendars: [], planOf: new Uint16Array(0) };
}

/** What a desk starts with: rules that need knowledge of a market are off. */
function defaultPlan(config: ConfigValues): CleanPlan {
  return {
    priceMin: 0,
    priceMax: config.clean.priceMax,
    spreadMax: config.clean.spreadMax,
    tickSize: 0,
    jumpMax: 0.1,
    jumpDeviations: 20,
    disorderNs: config.clean.disorderMs * nsPerMs,
    staleNs: 60 * nsPerSecond,
    futureNs: 5 * nsPerSecond,
    quietNs: 300 * nsPerSecond,
    confirmations: 3,
    calendar: undefined,
    refused: [
      'sentinel',
      'price',
      'volume',
      'crossed',
      'spread',
      'duplicate',
      'outOfOrder',
      'stale',
      'future',
      'jump',
    ],
    marked: [],
  };
}

/** The cleaner of a configuration. */
export function openCleaner(config: ConfigValues): Cleaner {
  return createCleaner(cleanRules(config));
}
