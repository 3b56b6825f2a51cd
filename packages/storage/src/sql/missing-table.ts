// What is said of a table that is not there. The engine knows its own catalog as well as the tables
// of the database, and would rather name one of that.

import { nearestName } from '@ndts/runtime';

const pattern = /^(Table with name (.+) does not exist!)(?:\s+Did you mean "([^"]+)"\?)?/s;

/** Tables named when nothing is like the one that is missing. */
const namedMost = 8;

/** @param tables in lower case */
export function tellMissingTable(message: string, tables: readonly string[]): string {
  const [, found, name = '', suggested = ''] = pattern.exec(message) ?? [];
  if (found === undefined || tables.includes(lastPart(suggested))) return message;
  const near = nearestName(lastPart(name), tables);
  if (near !== undefined) return `${found} Did you mean "${near}"?`;
  if (tables.length === 0) return `${found} The database has no tables.`;
  const named = tables.slice(0, namedMost).join(', ');
  return `${found} There are ${named}${tables.length > namedMost ? ', ...' : ''}.`;
}

function lastPart(name: string): string {
  return name.replaceAll('"', '').split('.').at(-1)?.toLowerCase() ?? '';
}
