// SAMPLE BY: groups by spans of time.
//
//   SELECT time, symbol, avg(price) AS price FROM tick SAMPLE BY 1m FILL(PREV)
//
// `time` in the list becomes the start of its span, everything without an aggregate is a group, and
// the clause becomes GROUP BY ALL. Spans are counted from 1970-01-01 UTC, weeks from Mondays. FILL
// adds the spans that have no rows, from the first to the last of the result, for each group:
// with nulls (NULL), or with what the span before has (PREV).
//
// Always: columns have the names that they would have without the clause.

import type { Clauses, Item } from './clauses.js';
import type { Edit, Slice } from './edits.js';
import { type Fill, fillEnd, fillStart } from './fill.js';
import { aggregateFunctions } from './functions.js';
import type { ListReader } from './list-reader.js';
import { fixedSpan, monthSpan, type Span } from './spans.js';
import { SqlError } from './sql-error.js';
import { isSign, isWord, quoted, type Token } from './tokens.js';
import { asNode, type TreeNode, textIn } from './tree.js';

interface SampleClause {
  readonly span: Span;
  readonly fill: Fill;
  /** Behind it in the list of tokens. */
  readonly end: number;
}

const day = 86_400_000_000_000n;
const unitNs: Readonly<Record<string, bigint>> = {
  n: 1n,
  ns: 1n,
  u: 1_000n,
  us: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
  d: day,
  w: 7n * day,
};
const unitMonths: Readonly<Record<string, number>> = { M: 1, mo: 1, y: 12 };

/** 1970-01-01 was a Thursday. */
const mondayShift = 3n * day;

const behind = ['window', 'qualify', 'order', 'limit', 'offset', 'fetch', 'using'];
const behindQuery = ['union', 'intersect', 'except'];

/** An entry of the list, with what the engine says about it. */
interface SampleItem extends Item {
  readonly isValue: boolean;
}

class SampleBy {
  readonly #text: string;
  readonly #clauses: Clauses;
  readonly #at: number;

  constructor(text: string, clauses: Clauses, at: number) {
    this.#text = text;
    this.#clauses = clauses;
    this.#at = at;
  }

  async edits(reader: ListReader): Promise<Edit[]> {
    const select = this.#clauses.findBefore(this.#at, 'select');
    if (select < 0) throw this.#wrong(this.#at, 'SAMPLE BY stands behind no SELECT');
    const from = this.#clauses.findFrom(select, this.#at);
    if (from === this.#at) throw this.#wrong(this.#at, 'SAMPLE BY needs FROM');
    const group = this.#clauses.findBetween(from, this.#at, ['group']);
    if (group < this.#at)
      throw this.#wrong(group, 'SAMPLE BY groups by itself: GROUP BY cannot stand with it');
    const plain = this.#clauses.itemsBetween(select + 1, from);
    for (const item of plain) this.#checkItem(item);
    const clause = this.#readClause();
    const items = await this.#readItems(plain, reader);
    const time = this.#timeItem(items);
    const edits = [this.#timeEdit(time, clause.span)];
    for (const item of items) edits.push(...(await this.#itemEdits(item, time, reader)));
    const start = this.#token(this.#at).start;
    const end = this.#token(clause.end - 1).end;
    if (clause.fill === 'NONE') {
      const tail = this.#clauses.endOfClause(clause.end, behindQuery);
      edits.push({ start, end, text: 'GROUP BY ALL' });
      edits.push(
        ...this.#orderEdits(clause.end, tail, time),
        ...this.#sortEdits(clause.end, [time]),
      );
      return edits;
    }
    const having = await this.#havingEnd(clause, reader);
    const named = await this.#fillItems(items, clause, reader);
    const filled = fillEnd(named, items.indexOf(time), clause.span, clause.fill);
    edits.push(...this.#orderEdits(clause.end, having, time), ...this.#sortEdits(having, named));
    const behindSamples = this.#token(having - 1).end;
    const before = this.#token(select).start;
    edits.push({ start: before, end: before, text: fillStart });
    if (having === clause.end) edits.push({ start, end, text: `GROUP BY ALL${filled}` });
    else
      edits.push(
        { start, end, text: 'GROUP BY ALL' },
        { start: behindSamples, end: behindSamples, text: filled },
      );
    return edits;
  }

  /** Where the HAVING behind the clause ends: it is part of what is filled. */
  async #havingEnd({ end }: SampleClause, reader: ListReader): Promise<number> {
    if (!isWord(this.#token(end), 'having')) return end;
    const stop = this.#clauses.endOfClause(end + 1, [...behind, ...behindQuery]);
    if (stop === end + 1) throw this.#expected(stop, 'a condition behind HAVING');
    await reader.read(this.#token(end).end, this.#token(stop - 1).end);
    return stop;
  }

  /** With the name of each. */
  async #fillItems(
    items: readonly SampleItem[],
    { end }: SampleClause,
    reader: ListReader,
  ): Promise<(SampleItem & { readonly name: string })[]> {
    const refused = this.#clauses.endOfClause(end, ['window', 'qualify', ...behindQuery]);
    if (['window', 'qualify'].some((word) => isWord(this.#token(refused), word)))
      throw this.#wrong(
        refused,
        `${this.#token(refused).text} cannot stand with FILL: put it around, as a subquery`,
      );
    const named: (SampleItem & { readonly name: string })[] = [];
    for (const item of items) {
      const name = await this.#nameOf(item, reader);
      const twice = named.some((one) => one.name.toLowerCase() === name.toLowerCase());
      if (twice) throw this.#wrong(item.start, `FILL needs another name for this ${name}: AS name`);
      named.push({ ...item, name });
    }
    return named;
  }

  #token(at: number): Token {
    const token = this.#clauses.tokens[at];
    if (token !== undefined) return token;
    const end = this.#text.length;
    return { kind: 'sign', text: 'the end', start: end, end };
  }

  #wrong(at: number, message: string): SqlError {
    return SqlError.at(this.#text, this.#token(at).start, message);
  }

  #expected(at: number, what: string): SqlError {
    return this.#wrong(at, `expected ${what}, found ${this.#token(at).text}`);
  }

  #checkItem(item: Item): void {
    const first = this.#token(item.start);
    if (item.start >= item.end) throw this.#expected(item.start, 'an expression');
    if (isSign(first, '*')) throw this.#wrong(item.start, 'SAMPLE BY needs its columns by name');
    if (isWord(first, 'distinct'))
      throw this.#wrong(item.start, 'DISTINCT cannot stand with SAMPLE BY');
    for (let at = item.start; at < item.end; at += 1)
      if (isWord(this.#token(at), 'over') && isSign(this.#token(at + 1), '('))
        throw this.#wrong(at, 'a window cannot stand with SAMPLE BY: put it around, as a subquery');
  }

  #readClause(): SampleClause {
    const at = this.#at + 2;
    const count = this.#token(at);
    const unit = this.#token(at + 1);
    const width = /^[1-9]\d{0,8}$/.test(count.text) ? Number(count.text) : 0;
    if (count.kind !== 'number' || width === 0)
      throw this.#expected(at, 'a span of time such as 1m behind SAMPLE BY');
    const span = this.#spanOf(width, unit, at + 1);
    if (!isWord(this.#token(at + 2), 'fill')) return { span, fill: 'NONE', end: at + 2 };
    const word = this.#token(at + 4).text.toUpperCase();
    if (!isSign(this.#token(at + 3), '(')) throw this.#expected(at + 3, '(');
    if (word !== 'NONE' && word !== 'NULL' && word !== 'PREV')
      throw this.#expected(at + 4, 'NONE, NULL or PREV');
    if (!isSign(this.#token(at + 5), ')')) throw this.#expected(at + 5, ')');
    return { span, fill: word, end: at + 6 };
  }

  #spanOf(width: number, unit: Token, at: number): Span {
    const months = unit.kind === 'word' ? unitMonths[unit.text] : undefined;
    if (months !== undefined) return monthSpan(width * months);
    const ns = unit.kind === 'word' ? unitNs[unit.text.toLowerCase()] : undefined;
    if (ns === undefined)
      throw this.#expected(at, 'a unit of time: ns, us, ms, s, m, h, d, w, mo or y');
    return fixedSpan(BigInt(width) * ns, unit.text.toLowerCase() === 'w' ? mondayShift : 0n);
  }

  async #readItems(plain: readonly Item[], reader: ListReader): Promise<SampleItem[]> {
    const [first, last] = [plain[0], plain.at(-1)];
    if (first === undefined || last === undefined) throw this.#expected(this.#at, 'columns');
    const trees = await reader.read(this.#token(first.start).start, this.#token(last.end - 1).end);
    if (trees.length !== plain.length)
      throw this.#wrong(first.start, 'SAMPLE BY does not understand this list');
    return plain.map((item, at) => {
      const tree = trees[at] ?? {};
      const alias = textIn(tree, 'alias');
      const named = this.#clauses.named(item, alias);
      const name = alias === '' ? named.name : alias;
      return { ...named, name, isValue: holdsAggregate(tree) };
    });
  }

  #timeItem(items: readonly SampleItem[]): SampleItem {
    const times = items.filter((item) => this.#clauses.columnOf(item)?.toLowerCase() === 'time');
    const [time, second] = times;
    if (time === undefined)
      throw this.#wrong(this.#at, 'SAMPLE BY needs the column time in the list of its SELECT');
    if (second !== undefined) throw this.#wrong(second.start, 'time stands twice in the list');
    return time;
  }

  #timeEdit(time: SampleItem, span: Span): Edit {
    const slice = this.#expression(time);
    const bucket = span.bucketOf(slice);
    return { ...slice, text: time.hasAlias ? bucket : [...bucket, ' AS time'] };
  }

  /** What was changed keeps the name it had. */
  async #itemEdits(item: SampleItem, time: SampleItem, reader: ListReader): Promise<Edit[]> {
    const edits = this.#orderEdits(item.expressionStart, item.expressionEnd, time);
    if (edits.length === 0 || item.name !== undefined) return edits;
    const { end } = this.#expression(item);
    const name = quoted(await this.#nameOf(item, reader));
    return [...edits, { start: end, end, text: ` AS ${name}` }];
  }

  /** Rows come in no order: the first and the last of a span are those of its times. */
  #orderEdits(from: number, end: number, time: SampleItem): Edit[] {
    const edits: Edit[] = [];
    for (let at = from; at + 1 < end; at += 1) {
      if (!isSign(this.#token(at + 1), '(')) continue;
      if (startsQuery(this.#token(at + 2))) {
        at = this.#clauses.closeOf(at + 1);
        continue;
      }
      const isFirst = isWord(this.#token(at), 'first');
      if (!isFirst && !isWord(this.#token(at), 'last')) continue;
      const close = this.#clauses.closeOf(at + 1);
      const ordered = this.#clauses.findBetween(at + 2, close, ['order']) < close;
      if (ordered || this.#clauses.itemsBetween(at + 2, close).length !== 1) continue;
      const { start, end: stop } = this.#token(at);
      edits.push({ start, end: stop, text: isFirst ? 'arg_min_null' : 'arg_max_null' });
      const place = this.#token(close).start;
      edits.push({ start: place, end: place, text: [', ', this.#expression(time)] });
    }
    return edits;
  }

  /** What ORDER BY names by the expression of an item is that item: its rows are samples. */
  #sortEdits(from: number, items: readonly SampleItem[]): Edit[] {
    const order = this.#clauses.endOfClause(from, ['order', ...behindQuery]);
    if (!isWord(this.#token(order), 'order')) return [];
    const stop = this.#clauses.endOfClause(order + 2, ['limit', 'offset', 'fetch', ...behindQuery]);
    const edits: Edit[] = [];
    for (const { start, end } of this.#clauses.itemsBetween(order + 2, stop)) {
      const expressionEnd = this.#clauses.findBetween(start, end, ['asc', 'desc', 'nulls']);
      const words = this.#wordsOf(start, expressionEnd);
      const same = items.find(
        (item) => this.#wordsOf(item.expressionStart, item.expressionEnd) === words,
      );
      if (same?.name === undefined) continue;
      const slice = { start: this.#token(start).start, end: this.#token(expressionEnd - 1).end };
      edits.push({ ...slice, text: quoted(same.name) });
    }
    return edits;
  }

  #wordsOf(from: number, end: number): string {
    const words = this.#clauses.tokens.slice(from, end);
    return words.map(({ kind, text }) => (kind === 'word' ? text.toLowerCase() : text)).join(' ');
  }

  #expression(item: Item): Slice {
    const { start } = this.#token(item.expressionStart);
    return { start, end: this.#token(item.expressionEnd - 1).end };
  }

  async #nameOf(item: SampleItem, reader: ListReader): Promise<string> {
    if (item.name !== undefined) return item.name;
    const { start, end } = this.#expression(item);
    return reader.nameOf(start, end);
  }
}

/** Whether it makes one value of many rows; what a query in it does is its own matter. */
function holdsAggregate(tree: TreeNode): boolean {
  if (textIn(tree, 'class') === 'SUBQUERY') return false;
  if (aggregateFunctions.has(textIn(tree, 'function_name').toLowerCase())) return true;
  return Object.values(tree).some((value) => {
    const parts = Array.isArray(value) ? (value as readonly unknown[]) : [value];
    return parts.some((part) => {
      const node = asNode(part);
      return node !== undefined && holdsAggregate(node);
    });
  });
}

function startsQuery(token: Token): boolean {
  return ['select', 'with', 'values', 'from', 'table'].some((word) => isWord(token, word));
}

/** Edits that make standard SQL of every SAMPLE BY. */
export async function sampleByEdits(
  text: string,
  clauses: Clauses,
  reader: ListReader,
): Promise<Edit[]> {
  const edits: Edit[] = [];
  for (const at of clauses.findPairs('sample', 'by'))
    edits.push(...(await new SampleBy(text, clauses, at).edits(reader)));
  return edits;
}
