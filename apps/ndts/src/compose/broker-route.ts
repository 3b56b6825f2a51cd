// Two brokers of the configuration as one: which pairs are none, and which symbols the backup
// trades. What always holds: play money never stands in for money.

import { RoutedGateway, type RoutedOptions } from '@ndts/exec-node';
import { type ConfigValues, NdtsError, OrderType, OrderTypeNames } from '@ndts/protocol';
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
  const { backupSymbols, breakerRetryMs, routes } = values.exec;
  const isListed = symbolTest(backupSymbols);
  const backupTrades = (symbol: number): boolean =>
    backup.trades(symbol) && isListed(symbols.byId(symbol)?.name ?? '');
  return new RoutedGateway({
    ...{ primary: primary.gateway, backup: backup.gateway },
    ...{ primaryTrades: primary.trades, backupTrades },
    ruleFor: ruleOf(values.exec, routes, (symbol) => symbols.byId(symbol)?.name ?? ''),
    ...{ clock, retryNs: breakerRetryMs * 1e6 },
  });
}

type RuleWords = Readonly<Record<'symbol' | 'account' | 'type', string>>;
type RuleOf = NonNullable<RoutedOptions['ruleFor']>;

/** The first rule that fits an order counts. Throws CONFIG_INVALID_VALUE. */
function ruleOf(
  { broker, backup }: Pick<ConfigValues['exec'], 'broker' | 'backup'>,
  lines: readonly string[],
  nameOf: (symbol: number) => string,
): RuleOf {
  const rules = lines.map((line) => {
    const [what = '', name = '', to = '', ...more] = line.trim().split(/\s+/);
    const wrong = (expected: string): NdtsError =>
      new NdtsError('CONFIG_INVALID_VALUE', `exec.routes: expected ${expected}, found '${line}'`);
    if (to === '' || more.length > 0) throw wrong('symbol, account or type, a name, a broker');
    if (to !== broker && to !== backup) throw wrong(`${broker} or ${backup} at the end`);
    if (what === 'type' && !Object.hasOwn(OrderType, name))
      throw wrong(`one of ${Object.keys(OrderType).join(', ')} behind type`);
    if (what !== 'symbol' && what !== 'account' && what !== 'type')
      throw wrong('symbol, account or type at the beginning');
    const fits = symbolTest([name]);
    const place = to === broker ? 'primary' : 'backup';
    return { fits: (words: RuleWords) => fits(words[what]), place } as const;
  });
  return ({ symbol, account, orderType }) => {
    const words = { symbol: nameOf(symbol), account, type: OrderTypeNames[orderType] ?? '' };
    return rules.find(({ fits }) => fits(words))?.place;
  };
}

/** `*` at the end of a name stands for any characters; an empty list for all names. */
function symbolTest(list: readonly string[]): (name: string) => boolean {
  const names = new Set(list.filter((one) => !one.endsWith('*')));
  const starts = list.filter((one) => one.endsWith('*')).map((one) => one.slice(0, -1));
  if (list.length === 0) return () => true;
  return (name) => names.has(name) || starts.some((start) => name.startsWith(start));
}
