// LATEST ON: the newest row of each group.
//
//   SELECT * FROM tick WHERE price > 0 LATEST ON time PARTITION BY symbol
//
// It becomes QUALIFY: of the rows that the WHERE leaves, the one with the greatest time stays; of
// several at one time, where the rows come from a table of the database, the one accepted last.

import type { Clauses } from './clauses.js';
import type { Edit, Slice } from './edits.js';
import type { ListReader } from './list-reader.js';
import { SqlError } from './sql-error.js';
import { isWord, nameOf } from './tokens.js';

const behind = [
  'group',
  'having',
  'window',
  'qualify',
  'order',
  'limit',
  'offset',
  'union',
  'intersect',
  'except',
  'using',
  'sample',
];
const refusedBehind = ['group', 'having', 'window', 'qualify', 'sample', 'using'];

/** @param isTable whether a name in lower case is a table of the database */
export async function latestOnEdits(
  text: string,
  clauses: Clauses,
  isTable: (name: string) => boolean,
  reader: ListReader,
): Promise<Edit[]> {
  const edits: Edit[] = [];
  for (const at of clauses.findPairs('latest', 'on')) {
    if (isWord(clauses.tokens[at - 1], 'as')) continue;
    const edit = latestOnEdit(text, clauses, at, isTable);
    await reader.read(edit.groups.start, edit.groups.end);
    edits.push(edit);
  }
  return edits;
}

function latestOnEdit(
  text: string,
  clauses: Clauses,
  at: number,
  isTable: (name: string) => boolean,
): Edit & { readonly groups: Slice } {
  const { tokens } = clauses;
  const wrong = (place: number, message: string): SqlError =>
    SqlError.at(text, tokens[place]?.start ?? text.length, message);
  const found = (place: number): string => tokens[place]?.text ?? 'the end';
  const slice = (from: number, end: number): Slice => {
    return { start: tokens[from]?.start ?? 0, end: tokens[end - 1]?.end ?? text.length };
  };

  const partition = clauses.endOfClause(at + 2, ['partition', ...behind]);
  if (!isWord(tokens[partition], 'partition') || !isWord(tokens[partition + 1], 'by'))
    throw wrong(partition, `expected PARTITION BY behind LATEST ON, found ${found(partition)}`);
  if (partition === at + 2) throw wrong(partition, 'expected the column of time behind LATEST ON');
  // One column: of several, or of ASC, the newest would not be the first.
  for (let place = at + 2; place < partition; place += 1) {
    const isDot = (place - at) % 2 === 1;
    const isPart = isDot ? tokens[place]?.text === '.' : nameOf(tokens[place]) !== undefined;
    if (!isPart || (isDot && place + 1 === partition))
      throw wrong(place, `expected one column behind LATEST ON, found ${found(place)}`);
  }
  const end = clauses.endOfClause(partition + 2, behind);
  if (end === partition + 2)
    throw wrong(end, `expected columns behind PARTITION BY, found ${found(end)}`);
  if (refusedBehind.some((word) => isWord(tokens[end], word)))
    throw wrong(end, `${found(end)} cannot stand behind LATEST ON: put it around, as a subquery`);
  const time = slice(at + 2, partition);
  const groups = slice(partition + 2, end);
  const tie = isPlainTable(clauses, at, isTable) ? ', sequence DESC' : '';
  return {
    start: tokens[at]?.start ?? 0,
    end: tokens[end - 1]?.end ?? text.length,
    groups,
    text: [
      'QUALIFY row_number() OVER (PARTITION BY ',
      groups,
      ' ORDER BY ',
      time,
      ` DESC${tie}) = 1`,
    ],
  };
}

/** Whether the FROM in front is one table of the database, perhaps with another name. */
function isPlainTable(clauses: Clauses, at: number, isTable: (name: string) => boolean): boolean {
  const from = clauses.findBefore(at, 'from');
  if (from < 0) return false;
  const name = nameOf(clauses.tokens[from + 1]);
  if (name === undefined || !isTable(name.toLowerCase())) return false;
  const end = clauses.findBetween(from, at, ['where']);
  const between = end - from - 2;
  return (
    between === 0 || between === 1 || (between === 2 && isWord(clauses.tokens[from + 2], 'as'))
  );
}
