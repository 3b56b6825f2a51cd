// The file of exec.instruments: what symbols are worth, by name. What always holds: a key that is
// not known, and a value that is none, are refused with file and line.

import type { InstrumentDeclaration } from '@ndts/exec-node';
import { parseMoney } from '@ndts/protocol';
import { DocumentEntry, readTextDocument } from '@ndts/runtime';
import { tradedSymbols } from './broker.js';
import type { Foundation } from './foundation.js';

type Fields = Omit<InstrumentDeclaration, 'symbol'>;

const keys = ['exchange', 'product', 'currency', 'multiplier', 'tickSize', 'lot'] as const;

/** Empty: there is no such file. */
export async function declaredInstruments(
  foundation: Pick<Foundation, 'values' | 'symbols' | 'ticks'>,
): Promise<InstrumentDeclaration[]> {
  const path = foundation.values.exec.instruments;
  if (path === '') return [];
  const fields = readInstruments(path);
  const entries = await tradedSymbols(foundation, [...fields.keys()]);
  return entries.map(({ id, name }) => ({ symbol: id, ...fields.get(name) }));
}

/** By our name of the symbol. Throws CONFIG_UNREADABLE, CONFIG_INVALID_VALUE,
 * CONFIG_UNKNOWN_KEY. */
export function readInstruments(path: string): Map<string, Fields> {
  const root = DocumentEntry.root(readTextDocument(path));
  return new Map(root.entries().map(([name, entry]) => [name, fieldsOf(entry)]));
}

function fieldsOf(entry: DocumentEntry): Fields {
  const fields: Record<string, string | number> = {};
  for (const [key, value] of entry.entries(keys)) {
    if (key === 'multiplier') fields[key] = wholeOf(value);
    else if (key === 'tickSize' || key === 'lot') fields[key] = amountOf(value);
    else fields[key] = value.text('a text');
  }
  return fields;
}

function wholeOf(entry: DocumentEntry): number {
  const { value } = entry;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 1)
    throw entry.wrong('a whole number above 0');
  return value;
}

/** Also as a number, whose shortest text is what was written. */
function amountOf(entry: DocumentEntry): string {
  const text = String(entry.value);
  try {
    if (parseMoney(text) > 0n) return text;
  } catch {
    // Said below.
  }
  throw entry.wrong('a decimal number above 0');
}
