// Which column of a file goes into which column of a table: by name without regard to case, by what
// a person said, or one value for all rows.
//
// Always: every column of the table has a source, or nothing stands for it: null where it may be,
// NaN for reals. What has neither is an error that says what to do.

import { type ColumnSchema, NdtsError, type TableSchema } from '@ndts/protocol';
import { tickTable, type TableInfo } from '@ndts/native/db';

export interface MapOptions {
  /** Column of the table (or time, or symbol) to one of the file: its name, or its number from 1.
   * Of time also `date+clock`: two of them. */
  readonly map?: Readonly<Record<string, string>> | undefined;
  /** Column of the table to the text that all rows have. */
  readonly set?: Readonly<Record<string, string>> | undefined;
  /** Names must be equal in case, too. */
  readonly exactNames?: boolean | undefined;
}

export type Source =
  | { readonly field: number; readonly second?: number }
  | { readonly constant: string };

export interface ColumnMap {
  readonly time: Source;
  readonly symbol: Source;
  /** By column of the table. */
  readonly columns: readonly Source[];
  /** Columns of the file that nothing is taken from. */
  readonly ignored: readonly string[];
}

/** What the columns of every table are often called in files. */
const otherNames: Readonly<Record<string, readonly string[]>> = {
  time: ['timestamp', 'datetime', 'ts'],
  symbol: ['ticker'],
};

class Mapper {
  readonly #names: readonly string[];
  readonly #options: MapOptions;
  readonly used = new Set<number>();

  constructor(names: readonly string[], options: MapOptions) {
    this.#names = names;
    this.#options = options;
  }

  /** What was said of the column, or what has its name; undefined: nothing. */
  sourceOf(name: string): Source | undefined {
    const constant = own(this.#options.set, name);
    const said = own(this.#options.map, name);
    if (constant !== undefined && said !== undefined)
      throw new NdtsError('INVALID_ARGUMENT', `${name} is mapped and set: say one of the two`);
    if (constant !== undefined) return { constant };
    if (said !== undefined) return this.#said(name, said);
    for (const one of [name, ...(otherNames[name] ?? [])]) {
      const field = this.find(one);
      if (field !== undefined) return this.#use({ field });
    }
    return undefined;
  }

  find(name: string): number | undefined {
    const exact = this.#names.flatMap((one, at) => (one === name ? [at] : []));
    if (exact.length > 1 || this.#options.exactNames === true) return this.#only(name, exact);
    if (exact.length === 1) return exact[0];
    const found = this.#names.flatMap((one, at) =>
      one.trim().toLowerCase() === name.toLowerCase() ? [at] : [],
    );
    return this.#only(name, found);
  }

  #only(name: string, found: readonly number[]): number | undefined {
    if (found.length > 1)
      throw new NdtsError(
        'INVALID_ARGUMENT',
        `the file has ${found.length} columns ${name}: say which by its number, ` +
          `ndts import --map ${name}=N`,
      );
    return found[0];
  }

  #said(name: string, said: string): Source {
    const field = this.#place(said);
    if (field !== undefined) return this.#use({ field });
    const [date, clock, ...more] = said.split('+');
    if (name === 'time' && date !== undefined && clock !== undefined && more.length === 0) {
      const first = this.#place(date);
      const second = this.#place(clock);
      if (first !== undefined && second !== undefined) return this.#use({ field: first, second });
    }
    throw new NdtsError(
      'NOT_FOUND',
      `the file has no column ${said} for ${name}; it has ${this.#names.join(', ')}`,
    );
  }

  #place(said: string): number | undefined {
    const field = this.find(said);
    if (field !== undefined || !/^\d+$/.test(said)) return field;
    const number = Number(said);
    return number >= 1 && number <= this.#names.length ? number - 1 : undefined;
  }

  #use(source: { readonly field: number; readonly second?: number }): Source {
    this.used.add(source.field);
    if (source.second !== undefined) this.used.add(source.second);
    return source;
  }
}

function own(
  record: Readonly<Record<string, string>> | undefined,
  key: string,
): string | undefined {
  return record !== undefined && Object.hasOwn(record, key) ? record[key] : undefined;
}

/** `names` of the file's columns, in their order. */
export function mapColumns(
  names: readonly string[],
  schema: TableSchema | TableInfo,
  options: MapOptions,
): ColumnMap {
  const known = new Set(['time', 'symbol', ...schema.columns.map((column) => column.name)]);
  for (const name of [...Object.keys(options.map ?? {}), ...Object.keys(options.set ?? {})])
    if (!known.has(name))
      throw new NdtsError('NOT_FOUND', `table ${schema.name} has no column ${name}`);
  const mapper = new Mapper(names, options);
  const need = (name: string, help: string): Source => {
    const source = mapper.sourceOf(name);
    if (source !== undefined) return source;
    throw new NdtsError(
      'INVALID_ARGUMENT',
      `the file has no column ${name}: ${help}; it has ${names.join(', ')}${delimiterOf(names)}`,
    );
  };
  const time = need('time', 'name it with ndts import --map time=COLUMN');
  const symbol = need(
    'symbol',
    'give one with --symbol, or name it with ndts import --map symbol=COLUMN',
  );
  const isTicks = 'id' in schema && schema.id === tickTable;
  const columns = schema.columns.map(
    (column) => mapper.sourceOf(column.name) ?? nothingFor(column, isTicks),
  );
  const ignored = names.filter((_, at) => !mapper.used.has(at));
  return { time, symbol, columns, ignored };
}

/** All names in one: they are delimited by something else. */
function delimiterOf(names: readonly string[]): string {
  const found = names.length === 1 ? /[;\t|]/.exec(names[0] ?? '')?.[0] : undefined;
  if (found === undefined) return '';
  return ` (--delimiter ${found === '\t' ? 'tab' : `'${found}'`} tells them apart)`;
}

function nothingFor(column: ColumnSchema, isTicks: boolean): Source {
  const isReal = column.type === 'f64' || column.type === 'f32';
  const hasEmpty = column.type === 'text' || column.type === 'bytes';
  if (column.nullable === true || isReal || hasEmpty) return { constant: '' };
  if (isTicks && column.name === 'flags') return { constant: '0' };
  throw new NdtsError(
    'INVALID_ARGUMENT',
    `the file has nothing for column ${column.name}, which holds no nulls: ` +
      `ndts import --map ${column.name}=COLUMN, or --set ${column.name}=VALUE`,
  );
}
