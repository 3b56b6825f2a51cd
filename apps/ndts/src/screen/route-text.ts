// Where orders go when there are two brokers, in one line.

import type { RouteView } from '@ndts/protocol';

export function routeText(route: RouteView): string {
  const { primary, backup, primaryUp, backupUp, breaker, why } = route;
  const { primaryReconciled, backupReconciled } = route;
  const standing = (isUp: boolean, isReconciled: boolean): string => {
    if (!isUp) return ', not reachable';
    return isReconciled ? '' : ', not reconciled';
  };
  const first = standing(primaryUp, primaryReconciled);
  const second = standing(backupUp, backupReconciled);
  // Said already.
  const isSaid = why === '' || first === `, ${why}`;
  const reason = isSaid ? '' : `: ${why}`;
  if (breaker === 'closed') return `${primary}${first} (backup ${backup}${second}${reason})`;
  const state = breaker === 'open' ? 'failed' : 'is being tried';
  return `${backup}${second} (${primary} ${state}${first}${reason})`;
}
