// An exchange of ccxt as the configuration says: its name, the market of each symbol, and the keys
// from a file that only its owner can read.

import { CcxtBroker, ccxtDefaults, loadCcxtTrading } from '@ndts/exec-node';
import { NdtsError } from '@ndts/protocol';
import { parseTextDocument, readPrivateFile } from '@ndts/runtime';
import { type BrokerPart, tradedSymbols } from './broker.js';
import type { Foundation } from './foundation.js';

export async function createCcxtBroker(foundation: Foundation): Promise<BrokerPart> {
  const { values, clock, random, logger } = foundation;
  const { venue, markets: pairs, keyFile, ...rest } = values.ccxt;
  if (venue === '')
    throw new NdtsError(
      'CONFIG_INVALID_VALUE',
      'exec.broker ccxt: set ccxt.venue (docs/crypto.md)',
    );
  const markets = readMarkets(pairs);
  const entries = await tradedSymbols(foundation, [...markets.keys()]);
  const byId = new Map(entries.map(({ id, name }) => [id, markets.get(name) ?? '']));
  const gateway = new CcxtBroker({
    ...{ ...ccxtDefaults, ...rest, venue, load: loadCcxtTrading },
    settings: readKeys(keyFile),
    markets: byId,
    ...{ clock, random: random.fork('ccxt'), logger },
  });
  return { gateway, trades: (symbol) => byId.has(symbol) };
}

/** By our name of the symbol. */
export function readMarkets(pairs: readonly string[]): Map<string, string> {
  const markets = new Map<string, string>();
  for (const pair of pairs) {
    const [own = '', market = '', ...more] = pair.split('=').map((part) => part.trim());
    if (own === '' || market === '' || more.length > 0)
      throw new NdtsError(
        'CONFIG_INVALID_VALUE',
        `ccxt.markets: expected OURS=MARKET, found '${pair}'`,
      );
    if (markets.has(own) || [...markets.values()].includes(market))
      throw new NdtsError(
        'CONFIG_INVALID_VALUE',
        `ccxt.markets: '${pair}' names one of them twice`,
      );
    markets.set(own, market);
  }
  if (markets.size > 0) return markets;
  throw new NdtsError(
    'CONFIG_INVALID_VALUE',
    'exec.broker ccxt: set ccxt.markets (docs/crypto.md)',
  );
}

/** What the exchange wants to know who asks; nothing of it is ever shown. */
export function readKeys(path: string): Readonly<Record<string, string>> {
  const text = path === '' ? undefined : readPrivateFile(path);
  if (text === undefined)
    throw new NdtsError(
      'CONFIG_INVALID_VALUE',
      `ccxt.keyFile: expected a file with keys, '${path}'`,
    );
  let value: unknown;
  try {
    ({ value } = parseTextDocument(text, 'yaml', path));
  } catch {
    // The reason may quote a secret.
    throw new NdtsError('CONFIG_INVALID_VALUE', `ccxt.keyFile: ${path} is not YAML`);
  }
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  if (entries.length === 0 || !entries.every(([, one]) => typeof one === 'string'))
    throw new NdtsError('CONFIG_INVALID_VALUE', `ccxt.keyFile: expected texts by name in ${path}`);
  return Object.fromEntries(entries) as Record<string, string>;
}
