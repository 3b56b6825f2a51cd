// The answer to "what symbols are there": id, name, shard, how many ticks and the last price.

import type { SymbolInfo, SymbolsRequest } from '@ndts/protocol';
import type { SymbolEntry } from '@ndts/storage';
import { noSymbolName } from '../symbols/no-symbol.js';
import type { LatestTicks } from '../store/latest-ticks.js';

/** What the roles ask of the symbol registry. */
export interface SymbolDirectory {
  all(): readonly SymbolEntry[];
}

export function listSymbols(
  symbols: SymbolDirectory,
  latest: LatestTicks,
  request: unknown,
): SymbolInfo[] {
  const limit = (request as SymbolsRequest | undefined)?.limit;
  const entries = symbols.all().filter(({ name }) => name !== noSymbolName);
  const wanted = typeof limit === 'number' && limit >= 0 ? entries.slice(0, limit) : entries;
  return wanted.map((entry) => ({
    id: entry.id,
    name: entry.name,
    shard: entry.shard,
    ticks: latest.ticks(entry.id),
    price: latest.price(entry.id) ?? null,
  }));
}
