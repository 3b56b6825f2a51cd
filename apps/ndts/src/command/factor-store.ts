// `ndts factor run --store`, `ndts factor list`: factors over stored ticks kept as rows of the
// table `factor`, and which there are.
//
// Always: a row that is there already gets no second one.

import {
  factor,
  type FactorDeclarations,
  loadPlugin,
  parseParameter,
  resolveParameters,
  storeFactorHistory,
} from '@ndts/calc-node';
import { factorSchema, NdtsError, type Time, timeText } from '@ndts/protocol';
import type { SqlValue } from '@ndts/storage';
import { tableText } from '../screen/table.js';
import { openSource, type SourceFlags } from './data-source.js';
import type { ReplayContext } from './replay.js';

export interface FactorStoreFlags {
  /** The strategy whose rows they are. */
  readonly store?: string;
  readonly factorVersion?: string;
  /** A strategy whose stored factors they are, instead of expressions. */
  readonly of?: string;
  readonly param?: readonly string[];
}

export interface StoredFlags extends SourceFlags {
  readonly dataDir: string;
  readonly config?: string;
}

type Context = Omit<ReplayContext, 'screen'>;

/** For a node that is about to serve. */
const openTimeoutMs = 10_000;

export async function storeFactors(
  texts: readonly string[],
  flags: FactorStoreFlags & SourceFlags & { readonly symbols?: string },
  context: Context,
  times: { readonly from?: Time; readonly to?: Time },
): Promise<void> {
  const { strategy, factors } = await wantedFactors(texts, flags);
  const client = openSource(flags, { ...context, openTimeoutMs });
  try {
    const { symbols } = flags;
    const { ticks, stored, known } = await storeFactorHistory(client, {
      strategy,
      factors,
      range: { ...times, ...(symbols === undefined ? {} : { symbols: symbols.split(',') }) },
      ...(context.signal === undefined ? {} : { signal: context.signal }),
    });
    const before = known === 0 ? '' : `, ${known} were there before`;
    await context.write(`${stored} rows of ${strategy} stored, from ${ticks} ticks${before}\n`);
  } catch (error) {
    if (context.signal?.aborted !== true) throw error;
  } finally {
    await client.close();
  }
}

async function wantedFactors(
  texts: readonly string[],
  { store, of, param = [], factorVersion }: FactorStoreFlags,
): Promise<{ readonly strategy: string; readonly factors: FactorDeclarations }> {
  if (of === undefined) {
    if (texts.length === 0) throw wrong('expected NAME=EXPRESSION, or --of a strategy');
    const version = factorVersion === undefined ? 1 : Number(factorVersion);
    const named = texts.map((text) => {
      const [, name, expression] = /^\s*([\w.-]+)\s*=(.+)$/s.exec(text) ?? [];
      if (name === undefined || expression === undefined)
        throw wrong(`--store: expected NAME=EXPRESSION, found '${text}'`);
      return [name, factor(expression, { version, store: true })] as const;
    });
    return { strategy: store ?? '', factors: Object.fromEntries(named) };
  }
  if (texts.length > 0 || factorVersion !== undefined)
    throw wrong('--of takes factors and versions from the strategy: expected no others');
  const { strategy } = await loadPlugin(of);
  const given = param.map((text) => {
    const [name = '', ...rest] = text.split('=');
    return [name, parseParameter(strategy, name, rest.join('='))] as const;
  });
  const parameters = resolveParameters(strategy.params, Object.fromEntries(given));
  const { factors } = strategy;
  const declared = (typeof factors === 'function' ? factors(parameters) : factors) ?? {};
  return { strategy: store ?? strategy.name, factors: declared };
}

function wrong(text: string): NdtsError {
  return new NdtsError('INVALID_ARGUMENT', text);
}

const storedSql =
  'SELECT strategy, factor, version, count(*) AS values, count(DISTINCT symbol) AS symbols, ' +
  'min(time) AS first, max(time) AS last FROM factor GROUP BY ALL ORDER BY ALL';

/** A table of what is stored; where there is no database, or nothing, a line that says so. */
export async function storedFactorsText(flags: StoredFlags, context: Context): Promise<string> {
  const nothing = 'stored: none yet (docs/strategies.md, factors that are kept)\n';
  try {
    const client = openSource(flags, { ...context, openTimeoutMs });
    try {
      const tables = await client.tables();
      if (!tables.some(({ name }) => name === factorSchema.name)) return nothing;
      const rows = await (await client.query(storedSql)).rows();
      if (rows.length === 0) return nothing;
      const names = ['strategy', 'factor', 'version', 'values', 'symbols', 'first', 'last'];
      const columns = names.map((title) => ({ title }));
      const cells = rows.map((row) => names.map((name) => cellOf(row[name])));
      return `stored:\n${tableText(columns, cells)}\n`;
    } finally {
      await client.close();
    }
  } catch (error) {
    if (error instanceof NdtsError && error.code === 'NOT_FOUND') return nothing;
    throw error;
  }
}

function cellOf(value: SqlValue | undefined): string {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array)
    return String(value);
  return timeText(value);
}
