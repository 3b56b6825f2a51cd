// `ndts replay`: ticks of some symbols, or of all, in the order of time: as CSV, as JSON, or
// counted, as fast as they can be read or at the speed at which they came.
//
// Always: the folder may be open in a node. Ctrl-C ends it after the row that is being written.

import { type Command, Option } from 'commander';
import { type Clock, type ConfigValues, NdtsError, type Time, timeFromMs } from '@ndts/protocol';
import { nearestName } from '@ndts/runtime';
import { type TickColumn, tickColumns, type TickReplayBatch } from '@ndts/storage';
import { checkArchived } from './archived-days.js';
import { addSourceOptions, openSource, type SourceFlags } from './data-source.js';
import { LiveLine, type Screen } from '../screen/status-line.js';
import { csvHead, csvRows, jsonRows } from '../screen/rows.js';
import { numberText } from '../screen/table.js';

export interface ReplayFlags extends SourceFlags {
  readonly dataDir: string;
  readonly config?: string;
  readonly from?: string;
  readonly to?: string;
  readonly speed: number;
  readonly columns?: string;
  readonly json: boolean;
  readonly csv: boolean;
  readonly count: boolean;
}

export interface ReplayContext {
  readonly values: ConfigValues;
  readonly clock: Clock;
  readonly signal?: AbortSignal;
  /** Where rows go; resolves when there is room for more. */
  readonly write: (text: string) => Promise<void>;
  /** Where progress goes: a terminal, or nothing is shown. */
  readonly screen: Screen;
}

const progressNs = 200e6;
/** For a node that is about to serve. */
const openTimeoutMs = 10_000;
const defaultColumns: readonly TickColumn[] = ['price', 'volume', 'bid', 'ask'];

/** Options and help of the command. */
export function addReplayOptions(command: Command): Command {
  return addSourceOptions(
    command
      .description('ticks in the order of time, from the folder or from the node that has it open')
      .argument('[symbols...]', 'names; without any: all'),
  )
    .option('--from <time>', 'first time, as 2026-01-02T09:30:00.5Z (UTC) or 2026-01-02')
    .option('--to <time>', 'up to this time, which is not in it')
    .addOption(
      new Option('--speed <factor>', '0: as fast as possible; 1: as fast as they came')
        .default(0)
        .argParser(parseSpeed),
    )
    .option('--columns <names>', `some of ${tickColumns.join(', ')} (default: the first four)`)
    .option('--csv', 'rows as CSV (the default)', false)
    .option('--json', 'rows as JSON, one object a line', false)
    .option('--count', 'only count them', false);
}

function parseSpeed(text: string): number {
  const speed = Number(text);
  if (text.trim() === '' || !(speed >= 0 && speed < Number.POSITIVE_INFINITY))
    throw new NdtsError('INVALID_ARGUMENT', `--speed: expected 0 or more, found '${text}'`);
  return speed;
}

const timePattern = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,9}))?)?Z?$/;

/** UTC, to the nanosecond. */
export function parseTime(text: string, flag: string): Time {
  const [, day, clock = '00:00', fraction = ''] = timePattern.exec(text) ?? [];
  const ms = day === undefined ? Number.NaN : Date.parse(`${day}T${clock}Z`);
  if (!Number.isFinite(ms))
    throw new NdtsError(
      'INVALID_ARGUMENT',
      `--${flag}: expected a time as 2026-01-02T09:30:00.5Z, found '${text}'`,
    );
  const time = timeFromMs(ms);
  return { day: time.day, nsOfDay: time.nsOfDay + Number(fraction.padEnd(9, '0')) };
}

function parseColumns(text: string | undefined): readonly TickColumn[] {
  if (text === undefined) return defaultColumns;
  return text.split(',').map((name) => {
    const known = tickColumns.find((column) => column === name.trim());
    if (known !== undefined) return known;
    const near = nearestName(name.trim(), tickColumns);
    throw new NdtsError(
      'INVALID_ARGUMENT',
      `--columns: expected ${tickColumns.join(', ')}; found '${name}'` +
        (near === undefined ? '' : `, did you mean ${near}?`),
    );
  });
}

type Batch = TickReplayBatch<TickColumn>;

/** Writes the rows of a batch. */
type Print = (batch: Batch) => string;

export async function replay(
  symbols: readonly string[],
  flags: ReplayFlags,
  context: ReplayContext,
): Promise<number> {
  if (Number(flags.json) + Number(flags.csv) + Number(flags.count) > 1)
    throw new NdtsError('INVALID_ARGUMENT', '--csv, --json or --count: one of them');
  const { signal } = context;
  const columns = parseColumns(flags.columns);
  const { speed } = flags;
  const from = flags.from === undefined ? undefined : parseTime(flags.from, 'from');
  const to = flags.to === undefined ? undefined : parseTime(flags.to, 'to');
  const range = {
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
  };
  const client = openSource(flags, { ...context, openTimeoutMs });
  try {
    if (flags.node === undefined)
      await checkArchived({
        from,
        check: () => client.replayTicks([], range).next(),
        note: (text) => context.screen.write(text),
      });
    const names = new Map((await client.symbols()).map((entry) => [entry.id, entry.name]));
    const batches = client.replayTicks<TickColumn>(symbols.length === 0 ? undefined : symbols, {
      columns: flags.count ? columns.slice(0, 1) : columns,
      speed,
      // Said above, where the folder is this machine's.
      ...(flags.node === undefined ? { archived: 'skip' } : {}),
      ...range,
      ...(signal === undefined ? {} : { signal }),
    });
    const rowsOf = flags.json ? jsonRows : csvRows;
    const print: Print = (batch) =>
      rowsOf(
        batch,
        names,
        columns.map((name) => ({ name, values: batch[name] })),
      );
    return await run(batches, flags, context, columns, print);
  } finally {
    await client.close();
  }
}

async function run(
  batches: AsyncIterable<Batch>,
  flags: ReplayFlags,
  { clock, signal, write, screen }: ReplayContext,
  columns: readonly TickColumn[],
  print: Print,
): Promise<number> {
  const live = new LiveLine(screen);
  const startNs = clock.monotonicNs();
  let count = 0;
  let shownNs = startNs;
  const progress = (): string => {
    const seconds = (clock.monotonicNs() - startNs) / 1e9;
    const rate = seconds > 0 ? Math.round(count / seconds) : 0;
    return `${numberText(count)} ticks, ${numberText(rate)} a second`;
  };
  if (!flags.json && !flags.count) await write(csvHead(columns));
  try {
    for await (const batch of batches) {
      count += batch.count;
      if (!flags.count) await write(print(batch));
      if (clock.monotonicNs() - shownNs < progressNs) continue;
      shownNs = clock.monotonicNs();
      if (screen.isTerminal) live.update(progress(), clock.nowMs());
    }
  } catch (error) {
    if (signal?.aborted !== true) throw error;
  } finally {
    live.end();
  }
  if (flags.count) await write(`${count}\n`);
  if (screen.isTerminal)
    screen.write(`${progress()}${signal?.aborted === true ? ', stopped' : ''}\n`);
  return count;
}
