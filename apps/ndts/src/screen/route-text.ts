// Where orders go when there are two brokers, in one line.

import type { RouteView } from '@ndts/protocol';

export function routeText(route: RouteView): string {
  const { primary, backup, primaryUp, backupUp, breaker, why } = route;
  const away = (isUp: boolean): string => (isUp ? '' : ', not reachable');
  // Said already.
  const isSaid = why === '' || (why === 'not reachable' && !primaryUp);
  const reason = isSaid ? '' : `: ${why}`;
  if (breaker === 'closed')
    return `${primary}${away(primaryUp)} (backup ${backup}${away(backupUp)}${reason})`;
  const state = breaker === 'open' ? 'failed' : 'is being tried';
  return `${backup}${away(backupUp)} (${primary} ${state}${away(primaryUp)}${reason})`;
}
