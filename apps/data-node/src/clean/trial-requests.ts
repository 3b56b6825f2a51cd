// Dry runs that the node is asked for: one at a time, on what the folder has.

import {
  type Bus,
  type CleanTryRequest,
  type Clock,
  type ConfigValues,
  msPerDay,
  NdtsError,
  subjects,
  timeFromMs,
} from '@ndts/protocol';
import type { Service } from '@ndts/storage';
import { proposedRules } from './requests.js';
import { tryRules } from './trial.js';
import { rowsOfService } from './trial-rows.js';

export interface TrialServiceOptions {
  readonly bus: Bus;
  readonly service: Service;
  readonly config: ConfigValues;
  readonly clock: Clock;
}

/** Returns what ends it. */
export function serveTrials({ bus, service, config, clock }: TrialServiceOptions): () => void {
  let isBusy = false;
  return bus.respond(subjects.cleanTry, async (asked) => {
    const request = asked as CleanTryRequest;
    const { fromMs, toMs, symbols, samples } = request;
    const days = { firstDay: Math.floor(fromMs / msPerDay), lastDay: Math.ceil(toMs / msPerDay) };
    if (isBusy) throw new NdtsError('UNAVAILABLE', 'another dry run is under way');
    isBusy = true;
    try {
      return await tryRules({
        rules: proposedRules(request, config, days),
        rows: rowsOfService(service),
        ...(symbols === undefined ? {} : { symbols }),
        from: timeFromMs(fromMs),
        to: timeFromMs(toMs),
        samples,
        clock,
      });
    } finally {
      isBusy = false;
    }
  });
}
