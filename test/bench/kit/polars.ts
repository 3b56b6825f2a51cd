// Polars (npm) as a peer of the SQL benches: frames in memory, with as many threads. It keeps the
// rows as they come, symbols as numbers, and reads no file: what it needs less than we do is in its
// favour.
//
// The package is not installed by the set-up (115 MB): the error says how.

interface Expression {
  alias(name: string): Expression;
  and(other: Expression): Expression;
  div(other: Expression): Expression;
  eq(other: Expression): Expression;
  first(): Expression;
  floor(): Expression;
  gtEq(other: Expression): Expression;
  isNotNull(): Expression;
  last(): Expression;
  lt(other: Expression): Expression;
  max(): Expression;
  min(): Expression;
  sub(other: Expression): Expression;
  sum(): Expression;
}

interface Query {
  filter(where: Expression): Query;
  groupBy(names: readonly string[]): { agg(...values: Expression[]): Query };
  joinAsof(other: Query, options: Readonly<Record<string, string>>): Query;
  select(...values: Expression[]): Query;
  withColumn(value: Expression): Query;
  collect(): Promise<{ row(at: number): readonly (number | bigint)[] }>;
}

interface Series {
  cast(type: unknown): Series;
}

interface Polars {
  readonly Int32: unknown;
  readonly Int64: unknown;
  readonly Float64: unknown;
  readonly Series: (name: string, values: Float64Array, type: unknown) => Series;
  readonly DataFrame: (columns: readonly Series[]) => { lazy(): Query };
  readonly col: (name: string) => Expression;
  readonly count: (name: string) => Expression;
  readonly lit: (value: number) => Expression;
}

/** Columns of rows; `time` in nanoseconds since the first day. */
export type PolarsColumns = Readonly<Record<string, Float64Array>>;

export type PolarsQuestion = 'ohlcv_1m_sql' | 'asof_join' | 'latest_on_sql' | 'symbol_day_sql';

const minuteNs = 60e9;
const dayNs = 86_400e9;
const name = 'nodejs-polars'; // not a dependency: found when it is there

async function load(threads: number): Promise<Polars> {
  process.env['POLARS_MAX_THREADS'] = String(threads); // ambient: the library reads it at its start
  try {
    return ((await import(name)) as { readonly default: Polars }).default;
  } catch (error) {
    const native = `${name}-${process.platform}-${process.arch}-gnu`;
    throw new Error(`--peer polars needs: npm install --no-save ${name} ${native}`, {
      cause: error,
    });
  }
}

export class PolarsPeer {
  readonly #polars: Polars;
  readonly #tick: Query;
  readonly #deal: Query | undefined;

  private constructor(polars: Polars, tick: PolarsColumns, deal: PolarsColumns | undefined) {
    this.#polars = polars;
    this.#tick = this.#frame(tick);
    this.#deal = deal === undefined ? undefined : this.#frame(deal);
  }

  static async open(
    threads: number,
    tick: PolarsColumns,
    deal: PolarsColumns | undefined,
  ): Promise<PolarsPeer> {
    return new PolarsPeer(await load(threads), tick, deal);
  }

  /** The values of the one row of the answer. */
  async ask(question: PolarsQuestion): Promise<string[]> {
    const result = await this.#query(question).collect();
    return result.row(0).map(String);
  }

  #frame(columns: PolarsColumns): Query {
    const { Series, DataFrame, Int32, Int64, Float64 } = this.#polars;
    const series = Object.entries(columns).map(([column, values]) => {
      const plain = Series(column, values, Float64);
      if (column === 'time') return plain.cast(Int64);
      return column === 'symbol' ? plain.cast(Int32) : plain;
    });
    return DataFrame(series).lazy();
  }

  #query(question: PolarsQuestion): Query {
    if (question === 'ohlcv_1m_sql') return this.#bars();
    if (question === 'asof_join') return this.#quotesOfDeals();
    const { col, count, lit } = this.#polars;
    const price = col('price');
    if (question === 'latest_on_sql')
      return this.#tick
        .groupBy(['symbol'])
        .agg(price.last())
        .select(count('price').alias('n'), price.sum());
    const within = col('time')
      .gtEq(lit(0))
      .and(col('time').lt(lit(dayNs)));
    return this.#tick
      .filter(col('symbol').eq(lit(7)).and(within))
      .select(count('price').alias('n'), price.sum(), col('volume').max());
  }

  #bars(): Query {
    const { col, count, lit } = this.#polars;
    const price = col('price');
    return this.#tick
      .withColumn(col('time').div(lit(minuteNs)).floor().alias('minute'))
      .groupBy(['symbol', 'minute'])
      .agg(
        price.first().alias('o'),
        price.max().alias('h'),
        price.min().alias('l'),
        price.last().alias('c'),
        col('volume').sum().alias('v'),
      )
      .select(count('o').alias('n'), ...['o', 'h', 'l', 'c', 'v'].map((one) => col(one).sum()));
  }

  #quotesOfDeals(): Query {
    const { col, count } = this.#polars;
    if (this.#deal === undefined) throw new Error('no deals');
    return this.#deal
      .joinAsof(this.#tick, { on: 'time', by: 'symbol', strategy: 'backward' })
      .filter(col('bid1').isNotNull())
      .select(
        count('price').alias('n'),
        col('price').sub(col('bid1')).sum().alias('spread'),
        col('size').sum(),
      );
  }
}
