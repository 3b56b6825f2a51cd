// What is said of a table that is not there. The engine knows its own catalog as well as the tables
// of the database, and would rather name one of that.

const pattern = /^(Table with name (.+) does not exist!)(?:\s+Did you mean "([^"]+)"\?)?/s;

/** Tables named when nothing is like the one that is missing. */
const namedMost = 8;

/** @param tables in lower case */
export function tellMissingTable(message: string, tables: readonly string[]): string {
  const [, found, name = '', suggested = ''] = pattern.exec(message) ?? [];
  if (found === undefined || tables.includes(lastPart(suggested))) return message;
  const near = nearest(lastPart(name), tables);
  if (near !== undefined) return `${found} Did you mean "${near}"?`;
  if (tables.length === 0) return `${found} The database has no tables.`;
  const named = tables.slice(0, namedMost).join(', ');
  return `${found} There are ${named}${tables.length > namedMost ? ', ...' : ''}.`;
}

function lastPart(name: string): string {
  return name.replaceAll('"', '').split('.').at(-1)?.toLowerCase() ?? '';
}

function nearest(name: string, tables: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = Math.min(3, Math.max(1, Math.floor(name.length / 2))) + 1;
  for (const table of tables) {
    const edits = distance(name, table);
    if (edits < least) [best, least] = [table, edits];
  }
  return best;
}

/** Letters to insert, remove or replace. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (let i = 1; i <= from.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= to.length; j += 1) {
      const replaced = row[j - 1]! + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[to.length]!;
}
