// Strategies of a node as a table for people.

import type { StrategyView } from '@ndts/protocol';
import { numberText, tableText } from './table.js';

export function strategyTable(views: readonly StrategyView[]): string {
  return tableText(
    [
      { title: 'strategy' },
      { title: 'state' },
      { title: 'pid', right: true },
      { title: 'restarts', right: true },
      { title: 'ticks', right: true },
      { title: 'signals', right: true },
      { title: 'reason' },
    ],
    views.map((view) => [
      view.name,
      view.state,
      view.pid === undefined ? '-' : String(view.pid),
      numberText(view.restarts),
      numberText(view.ticks),
      numberText(view.signals),
      view.reason.split('\n')[0] ?? '', // where it was thrown stands in the log
    ]),
  );
}
