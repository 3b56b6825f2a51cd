// Interactive Brokers as the configuration says: where TWS or IB Gateway listens, and which
// contract each symbol is, from a file.

import { IbBroker, type IbContract, IbInstruments, ibDefaults } from '@ndts/exec-node';
import { type ConfigValues, NdtsError } from '@ndts/protocol';
import { readTextDocument, type TextDocument } from '@ndts/runtime';
import { type BrokerPart, tradedSymbols } from './broker.js';
import type { Foundation } from './foundation.js';

export async function createIbBroker(foundation: Foundation): Promise<BrokerPart> {
  const { values, clock, random, logger } = foundation;
  const contracts = readContracts(needed(values, 'contracts'));
  const entries = await tradedSymbols(foundation, [...contracts.keys()]);
  const byId = entries.flatMap(({ id, name }) => {
    const contract = contracts.get(name);
    return contract === undefined ? [] : [[id, contract] as const];
  });
  const instruments = new IbInstruments(byId);
  const gateway = new IbBroker({
    settings: { ...ibDefaults, ...values.ib, account: needed(values, 'account') },
    instruments,
    ...{ clock, random: random.fork('ib'), logger },
  });
  return { gateway, trades: (symbol) => instruments.contractOf(symbol) !== undefined };
}

function needed(values: ConfigValues, key: 'account' | 'contracts'): string {
  const value = values.ib[key];
  if (value !== '') return value;
  throw new NdtsError('CONFIG_INVALID_VALUE', `exec.broker ib: set ib.${key} (docs/ib.md)`);
}

const texts = ['symbol', 'secType', 'exchange', 'currency', 'localSymbol'] as const;
const numbers = ['conId', 'multiplier'] as const;
const required: ReadonlySet<string> = new Set(['secType', 'exchange', 'currency']);

/** By our name of the symbol. Throws CONFIG_UNREADABLE, CONFIG_INVALID_VALUE with file and line. */
export function readContracts(path: string): Map<string, IbContract> {
  const document = readTextDocument(path);
  const { value } = document;
  if (!isRecord(value))
    throw new NdtsError('CONFIG_INVALID_VALUE', `${path}: expected contracts by symbol`);
  return new Map(
    Object.entries(value).map(([name, given]) => [name, contractOf(document, name, given)]),
  );
}

function contractOf(document: TextDocument, name: string, given: unknown): IbContract {
  const refuse = (path: readonly string[], text: string): never => {
    throw new NdtsError('CONFIG_INVALID_VALUE', `${document.placeOf(path)}: ${text}`);
  };
  if (!isRecord(given)) return refuse([name], `${name}: expected a contract`);
  const contract: Record<string, string | number> = { symbol: name };
  for (const [key, value] of Object.entries(given)) {
    const isText = (texts as readonly string[]).includes(key);
    if (!isText && !(numbers as readonly string[]).includes(key))
      refuse([name, key], `${name}: expected ${[...texts, ...numbers].join(', ')}, not ${key}`);
    if (isText ? typeof value !== 'string' || value === '' : !(Number(value) > 0))
      refuse([name, key], `${name}: ${key} is ${isText ? 'a text' : 'a number above 0'}`);
    contract[key] = isText ? String(value) : Number(value);
  }
  for (const key of required)
    if (contract[key] === undefined) refuse([name], `${name}: ${key} is missing`);
  return contract as unknown as IbContract;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
