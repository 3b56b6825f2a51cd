// `ndts snapshot`: lists, makes, removes and restores snapshots of a data folder. Listing and
// restoring only read, so they go by the files whether a node runs or not. Making and removing
// change the folder: where a node has it open, the node is asked to.

import { type ConfigValues, type SnapshotView, timeFromMs, timeText } from '@ndts/protocol';
import {
  checkDataFolder,
  folderSnapshots,
  openDataFolder,
  openJournal,
  openTicks,
  planRestore,
  type RestoreStep,
  removeFolderSnapshot,
  restoreFolder,
  Snapshots,
} from '@ndts/storage';
import { numberText, tableText } from '../screen/table.js';
import { findTarget, requestJson, type TargetOptions } from './running.js';
import { closedOrRunning } from './running-or-closed.js';

type Print = (text: string) => void;

const createTimeoutMs = 10 * 60_000;

export interface ListOptions extends TargetOptions {
  readonly json: boolean;
}

export async function listSnapshots(options: ListOptions, print: Print): Promise<void> {
  let views: readonly SnapshotView[];
  if (options.url === undefined) {
    checkDataFolder(options.dataDir);
    views = folderSnapshots(options.dataDir);
  } else {
    const request = { method: 'GET', path: '/api/snapshots' } as const;
    views = (await requestJson(findTarget(options), request)) as readonly SnapshotView[];
  }
  if (options.json) print(JSON.stringify(views));
  else print(views.length === 0 ? 'no snapshots' : snapshotTable(views));
}

export interface CreateOptions extends TargetOptions {
  /** To open the engines with when nobody has them open. */
  readonly values: ConfigValues;
  readonly userId: number;
}

export async function createSnapshot(
  name: string,
  options: CreateOptions,
  print: Print,
): Promise<void> {
  const made = await closedOrRunning(
    options,
    () => createClosed(name, options),
    async (node) =>
      (await requestJson(node, {
        method: 'POST',
        path: '/api/snapshots',
        body: { name },
        timeoutMs: createTimeoutMs,
      })) as SnapshotView,
  );
  print(snapshotTable([made]));
}

export async function removeSnapshot(
  name: string,
  options: TargetOptions,
  print: Print,
): Promise<void> {
  await closedOrRunning(
    options,
    () => removeFolderSnapshot(options.dataDir, name),
    (node) =>
      requestJson(node, { method: 'DELETE', path: `/api/snapshots/${encodeURIComponent(name)}` }),
  );
  print(`removed ${name}`);
}

export interface RestoreOptions {
  readonly dataDir: string;
  readonly to: string;
  /** Of the journal, where it has another name than that of the ticks. */
  readonly journal?: string;
  readonly dryRun: boolean;
}

export function restoreSnapshot(name: string, options: RestoreOptions, print: Print): void {
  const { dataDir, to, journal, dryRun } = options;
  checkDataFolder(dataDir);
  const steps = planRestore(dataDir, name, to, journal);
  print(`${planTable(steps)}\n`);
  print('Not in a snapshot: tokens, logs, the record of the paper venue.');
  if (dryRun) {
    print('Nothing was done.');
    return;
  }
  restoreFolder(steps);
  print(`It is restored. Start it with: ndts up --data-dir ${to}`);
}

async function createClosed(name: string, options: CreateOptions): Promise<SnapshotView> {
  const { values, userId } = options;
  const folder = openDataFolder({
    dir: options.dataDir,
    memoryParent: values.storage.memoryDir,
    userId,
  });
  const ticks = openTicks(folder, values);
  try {
    const journal = openJournal(folder, values);
    try {
      return await new Snapshots({ ticks, journal }).create(name);
    } finally {
      journal.close();
    }
  } finally {
    ticks.close();
  }
}

function snapshotTable(views: readonly SnapshotView[]): string {
  return tableText(
    [
      { title: 'snapshot' },
      { title: 'made' },
      { title: 'engines' },
      { title: 'files', right: true },
      { title: 'bytes', right: true },
    ],
    views.map((view) => [
      view.name,
      timeText(timeFromMs(Math.floor(view.timeMs))),
      view.engines.join(', '),
      numberText(view.files),
      numberText(view.bytes),
    ]),
  );
}

function planTable(steps: readonly RestoreStep[]): string {
  return tableText(
    [{ title: 'engine' }, { title: 'snapshot' }, { title: 'made' }, { title: 'into' }],
    steps.map(({ engine, snapshot, to }) => [
      engine,
      snapshot.name,
      timeText(timeFromMs(Math.floor(snapshot.timeMs))),
      to,
    ]),
  );
}
