// `ndts retention`: what is old, what is archived, letting old days go, taking one back. On the
// files when nobody has them open, else by the node that has.

import type { Command } from 'commander';
import {
  type ConfigValues,
  type DayView,
  NdtsError,
  type OldDayView,
  type RetentionView,
} from '@ndts/protocol';
import { createSilentLogger, SystemClock } from '@ndts/runtime';
import { openDataFolder, openRetention, openTicks, RetentionKeeper } from '@ndts/storage';
import { numberText, tableText } from '../screen/table.js';
import { requestJson, type TargetOptions } from './running.js';
import { closedOrRunning } from './running-or-closed.js';

export interface RetentionContext {
  readonly values: (flags: { dataDir: string; config?: string }) => ConfigValues;
  readonly userId: number;
  readonly print: (text: string) => void;
}

interface Flags extends TargetOptions {
  readonly config?: string;
  readonly json: boolean;
}

const workTimeoutMs = 60 * 60_000;

export function addRetention(program: Command, context: RetentionContext): void {
  const retention = program
    .command('retention')
    .description('days that are kept no longer, and the archive (docs/retention.md)');
  const add = (name: string, about: string): Command =>
    retention
      .command(name)
      .description(about)
      .option('--data-dir <folder>', 'the data folder', 'data')
      .option('--config <file>', 'its configuration, YAML or TOML')
      .option('--url <url>', 'address of the node, when it runs elsewhere')
      .option('--token-file <file>', 'a file with a token (default: the admin token of the folder)')
      .option('--json', 'one JSON line, for programs', false);
  add('list', 'what the next run lets go, and what is archived').action((flags: Flags) =>
    list(flags, context),
  );
  add('run', 'let old days go now').action((flags: Flags) => run(flags, context));
  add('restore', 'take a day back out of the archive')
    .argument('<table>')
    .argument('<day>', 'as 2024-05-31')
    .option('--hold <days>', 'how long it is kept before it may go again', parseDays, 7)
    .action((table: string, day: string, flags: Flags & { hold: number }) =>
      restore(table, day, flags, context),
    );
}

function parseDays(text: string): number {
  const days = Number(text);
  if (text.trim() === '' || !(days >= 0 && days <= 36_500))
    throw new NdtsError('INVALID_ARGUMENT', `expected a number of days, found '${text}'`);
  return days;
}

async function list(flags: Flags, context: RetentionContext): Promise<void> {
  const view = await viewOf(flags, context);
  if (flags.json) {
    context.print(JSON.stringify(view));
    return;
  }
  const old = view.old.map(({ action, ...day }) => [...cells(day), action]);
  if (old.length > 0) context.print(daysTable(old, 'next run'));
  tellRest(old.length, view, context);
  if (view.archived.length > 0)
    context.print(
      `\n${daysTable(
        view.archived.map((day) => [...cells(day), 'archived']),
        '',
      )}`,
    );
}

function viewOf(flags: Flags, context: RetentionContext): Promise<RetentionView> {
  return closedOrRunning(
    flags,
    () => withKeeper(flags, context, (keeper) => keeper.view()),
    async (node) =>
      (await requestJson(node, { method: 'GET', path: '/api/retention' })) as RetentionView,
  );
}

/** What is old and does not go yet; that nothing is, when it is so. */
function tellRest(told: number, { waiting }: RetentionView, context: RetentionContext): void {
  for (const { table, rows, day } of waiting)
    context.print(
      `${numberText(rows)} old rows of ${table} (from ${day} on) are only in memory: ` +
        'they go with a run after they were sealed (storage.sealIntervalMs)',
    );
  if (told === 0 && waiting.length === 0) context.print('nothing is old');
}

async function run(flags: Flags, context: RetentionContext): Promise<void> {
  const gone = await closedOrRunning(
    flags,
    () => withKeeper(flags, context, (keeper) => keeper.run()),
    async (node) =>
      (await requestJson(node, {
        method: 'POST',
        path: '/api/retention/run',
        timeoutMs: workTimeoutMs,
      })) as OldDayView[],
  );
  if (flags.json) {
    context.print(JSON.stringify(gone));
    return;
  }
  if (gone.length > 0)
    context.print(
      daysTable(
        gone.map((day) => [...cells(day), day.action === 'archive' ? 'archived' : 'gone']),
        '',
      ),
    );
  tellRest(gone.length, await viewOf(flags, context), context);
}

async function restore(
  table: string,
  day: string,
  flags: Flags & { readonly hold: number },
  context: RetentionContext,
): Promise<void> {
  const body = { table, day, holdDays: flags.hold };
  const restored = await closedOrRunning(
    flags,
    () => withKeeper(flags, context, (keeper) => keeper.restore(body)),
    async (node) =>
      (await requestJson(node, {
        method: 'POST',
        path: '/api/retention/restore',
        body,
        timeoutMs: workTimeoutMs,
      })) as DayView,
  );
  if (flags.json) context.print(JSON.stringify(restored));
  else context.print(daysTable([[...cells(restored), 'restored']], ''));
}

async function withKeeper<Result>(
  flags: Flags,
  { values: valuesOf, userId }: RetentionContext,
  action: (keeper: RetentionKeeper) => Promise<Result>,
): Promise<Result> {
  const values = valuesOf(flags);
  const memoryParent = values.storage.memoryDir;
  const folder = openDataFolder({ dir: flags.dataDir, memoryParent, userId });
  const ticks = openTicks(folder, values);
  try {
    const clock = new SystemClock();
    const retention = openRetention(ticks, folder, values, clock);
    // Nobody else seals here: what is only in the log would be overlooked.
    ticks.seal();
    const logger = createSilentLogger();
    return await action(new RetentionKeeper({ retention, clock, logger, intervalMs: 0 }));
  } finally {
    ticks.close();
  }
}

function cells({ table, day, segments, rows, bytes }: DayView): string[] {
  return [table, day, numberText(segments), numberText(rows), numberText(bytes)];
}

function daysTable(rows: readonly (readonly string[])[], last: string): string {
  const columns = [
    { title: 'table' },
    { title: 'day' },
    { title: 'files', right: true },
    { title: 'rows', right: true },
    { title: 'bytes', right: true },
    { title: last },
  ];
  return tableText(columns, rows);
}
