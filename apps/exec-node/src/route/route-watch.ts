// Watches the breaker of a pair of gateways and tells of its changes: in the journal, beside what
// people did, in the log and in the metrics. What always holds: it changes nothing.

import type { Clock, RouteView } from '@ndts/protocol';
import type { Logger, Metrics } from '@ndts/runtime';
import type { Gateway } from '../broker/gateway.js';
import type { Controls } from '../risk/controls.js';
import type { Scribe } from '../order/scribe.js';

export interface RouteWatchDeps {
  readonly broker: Gateway;
  readonly scribe: Scribe;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

export class RouteWatch {
  readonly #deps: RouteWatchDeps;
  readonly #count: ((state: string) => void) | undefined;
  #told: RouteView['breaker'] = 'closed';

  constructor(deps: RouteWatchDeps) {
    this.#deps = deps;
    const { broker, metrics } = deps;
    if (broker.route === undefined) return;
    const changes = metrics.counter('exec_breaker_changes_total', 'changes of the breaker', ['to']);
    this.#count = (state) => changes.labels(state).inc();
    metrics.gauge(
      'exec_broker_reconciled',
      '1 while a broker of a pair takes orders: in reach, and compared since',
      ['broker'],
      (gauge) => {
        const route = this.view();
        if (route === undefined) return;
        const { primary, backup, primaryReconciled, backupReconciled } = route;
        gauge.labels(primary).set(primaryReconciled ? 1 : 0);
        gauge.labels(backup).set(backupReconciled ? 1 : 0);
      },
    );
    metrics.gauge('exec_breaker_open', '1 while orders go to the backup', [], (gauge) =>
      gauge.set(this.view()?.breaker === 'closed' ? 0 : 1),
    );
  }

  /** After the journal was folded: the breaker is as it was. */
  open({ openRoute }: Pick<Controls, 'openRoute'>): void {
    if (openRoute === undefined) return;
    const { broker } = this.#deps;
    broker.restoreBreaker?.(openRoute.primary, openRoute.backup, openRoute.why);
    this.#told = broker.breaker ?? 'closed';
  }

  /** Undefined: there is one way only. */
  view(): RouteView | undefined {
    return this.#deps.broker.route?.();
  }

  /** Part of the duty cycle, before the journal is written. */
  doWork(): void {
    const { breaker: state } = this.#deps.broker;
    if (state === undefined || state === this.#told) return;
    const route = this.view();
    if (route === undefined) return;
    const { scribe, clock, logger } = this.#deps;
    const { primary, backup, breaker } = route;
    const why = `${primary} ${whyOf(route)}`;
    const detail = { primary, backup, from: this.#told, to: breaker, cause: route.why };
    this.#told = breaker;
    this.#count?.(breaker);
    logger.warn({ ...detail, why }, 'the breaker of the route changed');
    const time = clock.now();
    const action = { actor: 'router', action: 'route', detail: JSON.stringify(detail), why, time };
    scribe.action(action);
  }
}

function whyOf({ breaker, why }: RouteView): string {
  if (breaker === 'open') return `failed: ${why}`;
  return breaker === 'closed' ? 'answers again' : 'is tried by an order';
}
