// Names of symbols as the ids that a database knows them by.

import { NdtsError } from '@ndts/protocol';
import type { Database } from '@ndts/native/db';

/** In the order of the names. Throws NOT_FOUND, and INVALID_ARGUMENT for a name that is there
 * twice. */
export function symbolIds(database: Database, names: readonly string[]): Uint32Array {
  const known = new Map(database.symbols().map((entry) => [entry.name, entry.id]));
  if (new Set(names).size !== names.length)
    throw new NdtsError('INVALID_ARGUMENT', 'expected each symbol once');
  return Uint32Array.from(names, (name) => {
    const id = known.get(name);
    if (id === undefined) throw new NdtsError('NOT_FOUND', `there is no symbol ${name}`);
    return id;
  });
}
