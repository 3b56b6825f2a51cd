// What a person says of a CSV file, made into what the engine's parser takes.

import { NdtsError, type TableSchema } from '@ndts/protocol';
import {
  type CsvBeginning,
  type CsvColumn,
  type CsvPlace,
  type CsvPlan,
  type CsvTimeKind,
  csvTimeKinds,
  sampleCsv,
} from '@ndts/native/csv';
import type { ColumnMap, MapOptions, Source } from './column-map.js';

export interface CsvOptions extends MapOptions {
  /** One byte; default a comma, a tab for names that end in .tsv. */
  readonly delimiter?: string | undefined;
  /** One byte; 'none': there are none. Default ". */
  readonly quote?: string | undefined;
  /** Records that begin with this byte are passed over. */
  readonly comment?: string | undefined;
  /** Lines before the header, or before the first record. */
  readonly skipLines?: number | undefined;
  /** Default true. Without one columns are called by their number, from 1. */
  readonly header?: boolean | undefined;
  /** iso (default), s, ms, us, ns, auto, or a pattern with %. */
  readonly timeFormat?: string | undefined;
  /** +08:00: what times without an offset of their own are ahead of UTC. */
  readonly utcOffset?: string | undefined;
  /** Words that stand for null beside the empty field. */
  readonly nullWords?: readonly string[] | undefined;
  /** Of all rows, for files without a column of symbols. */
  readonly symbol?: string | undefined;
  /** Read at once; for tests. */
  readonly blockBytes?: number | undefined;
}

export const sampleRecords = 10_000;

export interface CsvFile {
  readonly beginning: CsvBeginning;
  readonly names: readonly string[];
  /** The first records, without the header. */
  readonly sample: readonly (readonly (string | null)[])[];
}

export function openCsvFile(path: string, options: CsvOptions): CsvFile {
  const beginning: CsvBeginning = {
    path,
    delimiter: unescaped(options.delimiter) ?? (path.endsWith('.tsv') ? '\t' : ','),
    quote: options.quote === 'none' ? undefined : (options.quote ?? '"'),
    comment: options.comment,
    skipLines: options.skipLines ?? 0,
  };
  const records = sampleCsv(beginning, sampleRecords + 1);
  const first = records[0];
  if (first === undefined)
    throw new NdtsError('INVALID_ARGUMENT', `${path} has no records of CSV: nothing to import`);
  const other = otherThanCsv(first);
  if (other !== undefined) throw new NdtsError('INVALID_ARGUMENT', `${path} ${other}`);
  const hasHeader = options.header ?? true;
  const names = first.map((name, at) => (hasHeader ? (name ?? '') : String(at + 1)));
  return { beginning, names, sample: hasHeader ? records.slice(1) : records };
}

/** What the first record shows of a file that is no CSV of ours, and what to do about it. */
function otherThanCsv(first: readonly (string | null)[]): string | undefined {
  const text = first.join(',');
  if (text.startsWith('\x1f')) return 'is packed with gzip: unpack it first (zcat)';
  if (text.startsWith('PAR1')) return 'is a Parquet file: say --format parquet';
  if (text.startsWith('ARROW1')) return 'is an Arrow file: say --format arrow';
  if (text.includes('\0')) return 'is no text of UTF-8: make it one first (iconv -f UTF-16)';
  if (text.includes('\r'))
    return 'has lines that end with a carriage return alone: make them newlines first (tr)';
  return undefined;
}

function unescaped(delimiter: string | undefined): string | undefined {
  return delimiter === '\\t' || delimiter === 'tab' ? '\t' : delimiter;
}

/** Minutes of +08:00, -0330, +8. */
function offsetMinutes(text: string | undefined): number {
  if (text === undefined || text === 'Z') return 0;
  const found = /^([+-])(\d{1,2}):?(\d{2})?$/.exec(text);
  const minutes = Number(found?.[2]) * 60 + Number(found?.[3] ?? 0);
  if (found === null || minutes > 18 * 60)
    throw new NdtsError('INVALID_ARGUMENT', `expected an offset like +08:00, found '${text}'`);
  return found[1] === '-' ? -minutes : minutes;
}

function timeFormat(text: string): { timeKind: CsvTimeKind; timePattern?: string } {
  if (text.includes('%')) return { timeKind: 'pattern', timePattern: text };
  const kind = Object.keys(csvTimeKinds).find((one) => one === text);
  if (kind === undefined || kind === 'pattern')
    throw new NdtsError(
      'INVALID_ARGUMENT',
      `expected a time format: iso, s, ms, us, ns, auto or a pattern with %, found '${text}'`,
    );
  return { timeKind: kind as CsvTimeKind };
}

export function csvPlan(
  file: CsvFile,
  schema: TableSchema,
  map: ColumnMap,
  options: CsvOptions,
  from: CsvPlace | undefined,
): CsvPlan {
  const column = (target: CsvColumn['target'], source: Source): CsvColumn => ({
    target,
    ...source,
  });
  const columns = [
    column('time', map.time),
    column('symbol', map.symbol),
    ...map.columns.map((source, at) => ({ ...column('column', source), column: at })),
  ];
  return {
    ...file.beginning,
    schema,
    hasHeader: options.header ?? true,
    fields: file.names.length,
    columns,
    nullWords: options.nullWords ?? [],
    ...timeFormat(options.timeFormat ?? 'iso'),
    offsetMinutes: offsetMinutes(options.utcOffset),
    from,
    ...(options.blockBytes === undefined ? {} : { blockBytes: options.blockBytes }),
  };
}
