// SAMPLE BY: groups by spans of time.
//
//   SELECT time, symbol, avg(price) AS price FROM tick SAMPLE BY 1m FILL(PREV)
//
// `time` in the list becomes the start of its span, everything without an aggregate is a group, and
// the clause becomes GROUP BY ALL. Spans are counted from 1970-01-01 UTC, weeks from Mondays. FILL
// adds the spans that have no rows, from the first to the last of the result, for each group:
// with nulls (NULL), or with what the span before has (PREV).

import type { Clauses, Item } from './clauses.js';
import type { Edit } from './edits.js';
import { aggregateFunctions } from './functions.js';
import { SqlError } from './sql-error.js';
import { isSign, isWord, type Token } from './tokens.js';

type Fill = 'NONE' | 'NULL' | 'PREV';

interface Span {
  /** The start of the span of an instant, as SQL. */
  bucketOf(time: string): string;
  /** Starts of spans from one to another, as the rows of a SELECT without FROM. */
  series(from: string, to: string): string;
}

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

class SampleBy {
  readonly #text: string;
  readonly #clauses: Clauses;
  readonly #at: number;

  constructor(text: string, clauses: Clauses, at: number) {
    this.#text = text;
    this.#clauses = clauses;
    this.#at = at;
  }

  edits(): Edit[] {
    const select = this.#clauses.findBefore(this.#at, 'select');
    if (select < 0) throw this.#wrong(this.#at, 'SAMPLE BY stands behind no SELECT');
    const from = this.#clauses.findBetween(select + 1, this.#at, ['from']);
    if (from === this.#at) throw this.#wrong(this.#at, 'SAMPLE BY needs FROM');
    const group = this.#clauses.findBetween(from, this.#at, ['group']);
    if (group < this.#at)
      throw this.#wrong(group, 'SAMPLE BY groups by itself: GROUP BY cannot stand with it');
    const items = this.#clauses.itemsBetween(select + 1, from);
    for (const item of items) this.#checkItem(item);
    const clause = this.#readClause();
    const time = this.#timeItem(items);
    const edits = [this.#timeEdit(time, clause.span), ...this.#orderEdits(items, time)];
    const filled = clause.fill !== 'NONE';
    edits.push({
      start: this.#token(this.#at).start,
      end: this.#token(clause.end - 1).end,
      text: filled ? `GROUP BY ALL${this.#fillEnd(items, time, clause)}` : 'GROUP BY ALL',
    });
    const start = this.#token(select).start;
    if (filled)
      edits.push({ start, end: start, text: 'SELECT * FROM (WITH ndts_samples AS MATERIALIZED (' });
    return edits;
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

  #timeItem(items: readonly Item[]): Item {
    const times = items.filter((item) => this.#clauses.columnOf(item)?.toLowerCase() === 'time');
    const [time, second] = times;
    if (time === undefined)
      throw this.#wrong(this.#at, 'SAMPLE BY needs the column time in the list of its SELECT');
    if (second !== undefined) throw this.#wrong(second.start, 'time stands twice in the list');
    return time;
  }

  #timeEdit(time: Item, span: Span): Edit {
    const start = this.#token(time.start).start;
    const end = this.#token(time.expressionEnd - 1).end;
    const bucket = span.bucketOf(this.#expression(time));
    return { start, end, text: time.hasAlias ? bucket : `${bucket} AS time` };
  }

  /** Rows come in no order: the first and the last of a span are those of its times. */
  #orderEdits(items: readonly Item[], time: Item): Edit[] {
    const edits: Edit[] = [];
    for (const item of items) {
      for (let at = item.start; at + 1 < item.expressionEnd; at += 1) {
        const isFirst = isWord(this.#token(at), 'first');
        if (!(isFirst || isWord(this.#token(at), 'last')) || !isSign(this.#token(at + 1), '('))
          continue;
        const close = this.#clauses.closeOf(at + 1);
        const ordered = this.#clauses.findBetween(at + 2, close, ['order']) < close;
        if (ordered || this.#clauses.itemsBetween(at + 2, close).length !== 1) continue;
        const { start, end } = this.#token(at);
        edits.push({ start, end, text: isFirst ? 'arg_min_null' : 'arg_max_null' });
        const place = this.#token(close).start;
        edits.push({ start: place, end: place, text: `, ${this.#expression(time)}` });
      }
    }
    return edits;
  }

  #expression(item: Item): string {
    const { start } = this.#token(item.start);
    return this.#text.slice(start, this.#token(item.expressionEnd - 1).end);
  }

  #isValue(item: Item): boolean {
    for (let at = item.start; at < item.expressionEnd; at += 1) {
      const token = this.#token(at);
      if (token.kind !== 'word' || !isSign(this.#token(at + 1), '(')) continue;
      if (aggregateFunctions.has(token.text.toLowerCase())) return true;
    }
    return false;
  }

  #nameOf(item: Item): string {
    if (item.name !== undefined) return quoted(item.name);
    throw this.#wrong(item.start, 'FILL needs a name for this column: AS name');
  }

  /** Behind the samples: all spans of all groups, with what the samples have for them. */
  #fillEnd(items: readonly Item[], time: Item, clause: SampleClause): string {
    const at = this.#nameOf(time);
    const groups = items.filter((item) => item !== time && !this.#isValue(item));
    const keys = groups.map((item) => this.#nameOf(item));
    const list = items.map((item) => {
      const name = this.#nameOf(item);
      if (item === time || groups.includes(item)) return `g.${name}`;
      if (clause.fill === 'NULL') return `s.${name}`;
      const by = keys.map((key) => `g.${key}`).join(', ');
      const window = `${by === '' ? '' : `PARTITION BY ${by} `}ORDER BY g.${at}`;
      const present = `CASE WHEN s.${at} IS NOT NULL THEN {'v': s.${name}} END`;
      return `(last_value(${present} IGNORE NULLS) OVER (${window})).v AS ${name}`;
    });
    const same = [`g.${at} = s.${at}`, ...keys.map((k) => `g.${k} IS NOT DISTINCT FROM s.${k}`)];
    const groupsOf = `, (SELECT DISTINCT ${keys.join(', ')} FROM ndts_samples)`;
    return (
      `), ndts_spans AS (SELECT ${clause.span.series('low', 'high')} AS ${at} FROM ` +
      `(SELECT min(${at}) AS low, max(${at}) AS high FROM ndts_samples)), ` +
      `ndts_grid AS (SELECT * FROM ndts_spans${keys.length === 0 ? '' : groupsOf}) ` +
      `SELECT ${list.join(', ')} FROM ndts_grid g LEFT JOIN ndts_samples s ` +
      `ON ${same.join(' AND ')})`
    );
  }
}

/** Edits that make standard SQL of every SAMPLE BY. */
export function sampleByEdits(text: string, clauses: Clauses): Edit[] {
  return clauses.findPairs('sample', 'by').flatMap((at) => new SampleBy(text, clauses, at).edits());
}

function fixedSpan(width: bigint, shift: bigint): Span {
  return {
    bucketOf: (time) =>
      `make_timestamp_ns(epoch_ns(${time}) - ` +
      `((epoch_ns(${time}) + ${shift}) % ${width} + ${width}) % ${width})`,
    series: (from, to) =>
      `make_timestamp_ns(unnest(range(epoch_ns(${from}), epoch_ns(${to}) + 1, ${width})))`,
  };
}

function monthSpan(months: number): Span {
  const interval = `INTERVAL ${months} MONTH`;
  return {
    bucketOf: (time) =>
      `CAST(time_bucket(${interval}, CAST(${time} AS TIMESTAMP)) AS TIMESTAMP_NS)`,
    series: (from, to) =>
      `CAST(unnest(generate_series(CAST(${from} AS TIMESTAMP), CAST(${to} AS TIMESTAMP), ` +
      `${interval})) AS TIMESTAMP_NS)`,
  };
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
