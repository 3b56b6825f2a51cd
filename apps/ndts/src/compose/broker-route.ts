// Two brokers of the configuration as one: which pairs are none, and which symbols the backup
// trades. What always holds: play money never stands in for money.

import { RoutedGateway } from '@ndts/exec-node';
import { type ConfigValues, NdtsError } from '@ndts/protocol';
import type { BrokerPart } from './broker.js';
import type { Foundation } from './foundation.js';

/** Throws CONFIG_INVALID_VALUE when the two can't be a pair. */
export function refusePair(values: Pick<ConfigValues, 'exec' | 'ccxt'>): void {
  const { broker, backup } = values.exec;
  if (backup === 'none') return;
  const pair = [broker, backup];
  if (broker === backup)
    throw new NdtsError('CONFIG_INVALID_VALUE', `exec.backup: ${backup} is exec.broker itself`);
  if (!pair.includes('paper') || (pair.includes('ccxt') && values.ccxt.sandbox)) return;
  throw new NdtsError(
    'CONFIG_INVALID_VALUE',
    `exec.broker ${broker}, exec.backup ${backup}: the paper venue's money is not real, the ` +
      `other's may be; paper goes with ccxt and ccxt.sandbox alone (docs/routing.md)`,
  );
}

/** Throws CONFIG_INVALID_VALUE when both call their venue the same. */
export function createRoute(
  foundation: Pick<Foundation, 'values' | 'clock' | 'symbols'>,
  primary: BrokerPart,
  backup: BrokerPart,
): RoutedGateway {
  const { values, clock, symbols } = foundation;
  const { name } = primary.gateway.card;
  if (name === backup.gateway.card.name)
    throw new NdtsError(
      'CONFIG_INVALID_VALUE',
      `exec.backup: both venues are called ${name}, and executions are told apart by that name`,
    );
  const { backupSymbols, breakerRetryMs } = values.exec;
  const isListed = symbolTest(backupSymbols);
  const backupTrades = (symbol: number): boolean =>
    backup.trades(symbol) && isListed(symbols.byId(symbol)?.name ?? '');
  return new RoutedGateway({
    ...{ primary: primary.gateway, backup: backup.gateway },
    ...{ primaryTrades: primary.trades, backupTrades },
    ...{ clock, retryNs: breakerRetryMs * 1e6 },
  });
}

/** `*` at the end of a name stands for any characters; an empty list for all names. */
function symbolTest(list: readonly string[]): (name: string) => boolean {
  const names = new Set(list.filter((one) => !one.endsWith('*')));
  const starts = list.filter((one) => one.endsWith('*')).map((one) => one.slice(0, -1));
  if (list.length === 0) return () => true;
  return (name) => names.has(name) || starts.some((start) => name.startsWith(start));
}
