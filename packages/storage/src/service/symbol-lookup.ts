// Symbols by name, from the registry's own map: as cheap with a million of them as with ten.

import type { SymbolEntry } from '@ndts/native/db';
import { NdtsError } from '@ndts/protocol';
import type { SymbolRegistry } from '../table/symbol-registry.js';

/** In the order of the names. Throws NOT_FOUND, and INVALID_ARGUMENT for a name that is there
 * twice. */
export function symbolEntries(symbols: SymbolRegistry, names: readonly string[]): SymbolEntry[] {
  if (new Set(names).size !== names.length)
    throw new NdtsError('INVALID_ARGUMENT', 'expected each symbol once');
  return names.map((name) => {
    const entry = symbols.byName(name);
    if (entry === undefined) throw new NdtsError('NOT_FOUND', `there is no symbol ${name}`);
    return entry;
  });
}

/** Their ids, likewise. */
export function idsOf(symbols: SymbolRegistry, names: readonly string[]): Uint32Array {
  return Uint32Array.from(symbolEntries(symbols, names), (entry) => entry.id);
}
