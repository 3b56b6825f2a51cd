// What a counter without labels says, read as Prometheus reads it.

import type { Metrics } from '@ndts/runtime';

/** Its name without `ndts_`; one that was never counted is 0. */
export async function counted(metrics: Metrics, name: string): Promise<number> {
  return Number(new RegExp(`^ndts_${name} (\\d+)`, 'm').exec(await metrics.text())?.[1] ?? 0);
}
