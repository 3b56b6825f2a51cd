// `ndts factor list | run`: what a factor can be made of, what is stored, and factors over stored
// ticks: a row for each tick, each window or each symbol of a cross-section as CSV or JSON, with
// --last a table of the newest value of each symbol, with --store rows of the table `factor`.
//
// Always: the folder may be open in a node. Values are those that a strategy gets live from the
// same first tick on.

import type { Command } from 'commander';
import {
  aggregateNames,
  factorFunctions,
  measureNames,
  replayedColumns,
  timedFunctions,
  usage,
} from '@ndts/calc-node';
import type { Time } from '@ndts/protocol';
import { csvHead, csvRows, jsonRows, type RowColumn, type TimedRows } from '../screen/rows.js';
import { type Cell, tableText } from '../screen/table.js';
import { addSourceOptions, openSource, type SourceFlags } from './data-source.js';
import { createFactorRun, type FactorRunFlags } from './factor-run.js';
import { type FactorStoreFlags, storeFactors, type StoredFlags } from './factor-store.js';
import { parseTime, type ReplayContext } from './replay.js';
import { collect } from './run-options.js';

export interface FactorFlags extends SourceFlags, FactorRunFlags, FactorStoreFlags {
  readonly dataDir: string;
  readonly config?: string;
  readonly symbols?: string;
  readonly from?: string;
  readonly to?: string;
  readonly last: boolean;
  readonly json: boolean;
}

/** For a node that is about to serve. */
const openTimeoutMs = 10_000;

export function addFactorCommands(
  command: Command,
  run: (expressions: string[], flags: FactorFlags) => Promise<void>,
  list: (flags: StoredFlags) => Promise<void>,
): void {
  command.description('factors over stored ticks');
  addSourceOptions(
    command
      .command('list')
      .description('the functions and columns that factors are made of, and the factors stored'),
  ).action(list);
  addSourceOptions(
    command
      .command('run')
      .description('works factors out over ticks in the order of time')
      .argument('[expressions...]', "such as 'zscore(ema(price, 20) / vwap(60s), 120)'"),
  )
    .option('--symbols <names>', 'some symbols, separated by commas (default: all)')
    .option('--from <time>', 'first time, as 2026-01-02T09:30:00.5Z (UTC) or 2026-01-02')
    .option('--to <time>', 'up to this time, which is not in it')
    .option('--window <time>', 'over windows so long, such as 60s, of each symbol')
    .option('--step <time>', 'between two windows (default: the length of one)')
    .option('--every <time>', 'over cross-sections of all symbols, one every 10s or so')
    .option('--last', 'only the newest values of each symbol, as a table', false)
    .option('--json', 'JSON, one object a line', false)
    .option('--store <strategy>', 'keep NAME=EXPRESSION in the table factor, as this strategy does')
    .option('--factor-version <number>', 'of --store: version of what they mean (default: 1)')
    .option('--of <strategy>', 'of --store: what this file, or built-in strategy, stores, instead')
    .option('-p, --param <name=value>', 'of --of: a parameter; may be repeated', collect, [])
    .action(run);
}

export function listFactors(): string {
  const rows = factorFunctions.map(({ name, outputs, about }) => [
    usage(name),
    outputs.length > 1 ? outputs.join(', ') : '',
    about,
  ]);
  const columns = [{ title: 'function' }, { title: 'outputs' }, { title: 'what it is' }];
  return [
    tableText(columns, rows),
    `columns: ${replayedColumns.join(', ')}; + - * / ( )`,
    `a period is so many rows, or a time such as 60s in ${timedFunctions.join(', ')}`,
    `of windows (--window): ${without(aggregateNames, 'vwap')} of one input, vwap of two`,
    `of sections (--every): ${without(measureNames, 'residual')} of one input, residual of two`,
    '',
  ].join('\n');
}

function without(names: readonly string[], other: string): string {
  return names.filter((name) => name !== other).join(', ');
}

type Context = Omit<ReplayContext, 'screen'>;

export async function runFactors(
  texts: readonly string[],
  flags: FactorFlags,
  context: Context,
): Promise<void> {
  if (flags.store !== undefined || flags.of !== undefined)
    return storeFactors(texts, flags, context, range(flags));
  const factors = createFactorRun(texts, flags);
  const client = openSource(flags, { ...context, openTimeoutMs });
  try {
    const names = new Map((await client.symbols()).map((entry) => [entry.id, entry.name]));
    const times = range(flags);
    const batches = client.replayTicks(flags.symbols?.split(','), {
      columns: replayedColumns,
      ...times,
      ...(context.signal === undefined ? {} : { signal: context.signal }),
    });
    const sink = flags.last
      ? new LastRows(factors.columns, names)
      : new AllRows(factors.columns, names, flags.json, factors.isOfTicks);
    const { write } = context;
    await write(sink.head());
    let text = '';
    const give = (rows: TimedRows, values: readonly Float64Array[]): void => {
      text += sink.rows(rows, values);
    };
    for await (const batch of batches)
      for (let from = 0; from < batch.count; from += factors.capacity) {
        factors.run(batch, from, Math.min(factors.capacity, batch.count - from), give);
        await write(text);
        text = '';
      }
    factors.end(times.to, give);
    await write(text + sink.end(flags.json));
  } catch (error) {
    if (context.signal?.aborted !== true) throw error;
  } finally {
    factors.close();
    await client.close();
  }
}

function range({ from, to }: FactorFlags): { from?: Time; to?: Time } {
  return {
    ...(from === undefined ? {} : { from: parseTime(from, 'from') }),
    ...(to === undefined ? {} : { to: parseTime(to, 'to') }),
  };
}

interface Sink {
  head(): string;
  rows(rows: TimedRows, values: readonly Float64Array[]): string;
  end(json: boolean): string;
}

class AllRows implements Sink {
  readonly #texts: readonly string[];
  readonly #names: ReadonlyMap<number, string>;
  readonly #json: boolean;
  readonly #withSequence: boolean;

  constructor(
    texts: readonly string[],
    names: ReadonlyMap<number, string>,
    json: boolean,
    withSequence: boolean,
  ) {
    this.#texts = texts;
    this.#names = names;
    this.#json = json;
    this.#withSequence = withSequence;
  }

  head(): string {
    return this.#json ? '' : csvHead(this.#texts, this.#withSequence);
  }

  rows(rows: TimedRows, values: readonly Float64Array[]): string {
    const columns: RowColumn[] = this.#texts.map((name, at) => ({
      name,
      values: values[at] ?? [],
    }));
    return (this.#json ? jsonRows : csvRows)(rows, this.#names, columns);
  }

  end(): string {
    return '';
  }
}

class LastRows implements Sink {
  readonly #texts: readonly string[];
  readonly #names: ReadonlyMap<number, string>;
  readonly #last = new Map<number, readonly number[]>();

  constructor(texts: readonly string[], names: ReadonlyMap<number, string>) {
    this.#texts = texts;
    this.#names = names;
  }

  head(): string {
    return '';
  }

  rows(rows: TimedRows, values: readonly Float64Array[]): string {
    const newest = new Map<number, number>();
    for (let row = 0; row < rows.count; row += 1) newest.set(rows.symbol[row] ?? 0, row);
    for (const [symbol, row] of newest)
      this.#last.set(
        symbol,
        values.map((column) => column[row] ?? Number.NaN),
      );
    return '';
  }

  end(json: boolean): string {
    const named = [...this.#last].map(([symbol, values]) => {
      const name = this.#names.get(symbol) ?? String(symbol);
      return { name, values };
    });
    named.sort((a, b) => (a.name < b.name ? -1 : 1));
    if (json) return named.map(({ name, values }) => `${this.#object(name, values)}\n`).join('');
    const columns = [{ title: 'symbol' }, ...this.#texts.map((title) => ({ title }))];
    const cells = named.map(({ name, values }): Cell[] => [name, ...values]);
    return tableText(columns, cells);
  }

  #object(symbol: string, values: readonly number[]): string {
    const numbers = values.map((value) => (Number.isFinite(value) ? value : String(value)));
    return JSON.stringify({
      symbol,
      ...Object.fromEntries(this.#texts.map((text, at) => [text, numbers[at]])),
    });
  }
}
