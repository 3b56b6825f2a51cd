// Snapshots of a data folder: of one name in each engine. Those of a folder that is closed, or only
// looked at, go by its files; those of open engines through the engines.
//
// Ticks are always taken first: the journal then knows every symbol the ticks have.

import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises'; // ambient: waits for a flush to end
import { type Database, listSnapshots, removeSnapshot, restoreSnapshot } from '@ndts/native/db';
import { NdtsError, type SnapshotView } from '@ndts/protocol';

const engineNames = ['ticks', 'journal'] as const;
export type EngineName = (typeof engineNames)[number];

type InfoList = ReturnType<typeof listSnapshots>;

/** NOT_FOUND when it is none: nothing may be made of a misspelt name. */
export function checkDataFolder(root: string): void {
  if (engineNames.some((engine) => existsSync(join(root, engine, 'MANIFEST')))) return;
  throw new NdtsError('NOT_FOUND', `${root} is no data folder: expected ticks and journal in it`);
}

export function folderSnapshots(root: string): SnapshotView[] {
  return viewsOf((engine) => listSnapshots(join(root, engine)));
}

/** LOCKED when the folder is open. */
export function removeFolderSnapshot(root: string, name: string): void {
  const has = (engine: EngineName): boolean => existsSync(join(root, engine, 'MANIFEST'));
  removeFromAll(name, (engine) => {
    if (!has(engine)) throw new NdtsError('NOT_FOUND', `no engine in ${join(root, engine)}`);
    removeSnapshot(join(root, engine), name);
  });
}

export interface RestoreStep {
  readonly engine: EngineName;
  readonly snapshot: SnapshotView;
  readonly from: string;
  readonly to: string;
}

/** What restoring does, checked as far as it can be before: NOT_FOUND, ALREADY_EXISTS when `to` is
 * not empty. `journalName` where the journal's has another name. */
export function planRestore(
  root: string,
  name: string,
  to: string,
  journalName: string = name,
): RestoreStep[] {
  checkTarget(resolve(root), resolve(to));
  const names: Record<EngineName, string> = { ticks: name, journal: journalName };
  return engineNames.map((engine) => {
    const all = folderSnapshots(root).filter((one) => one.engines.includes(engine));
    const snapshot = all.find((one) => one.name === names[engine]);
    if (snapshot === undefined) throw noSnapshot(engine, names[engine], all);
    const from = join(root, engine, 'snapshots', snapshot.name);
    return { engine, snapshot, from, to: join(to, engine) };
  });
}

/** Makes the engines of a new data folder. What fails leaves the folder as it was. */
export function restoreFolder(steps: readonly RestoreStep[]): void {
  try {
    for (const step of steps) restoreSnapshot(step.from, step.to);
  } catch (error) {
    for (const step of steps) rmSync(step.to, { recursive: true, force: true });
    throw error;
  }
}

function checkTarget(root: string, to: string): void {
  if (to === root || to.startsWith(`${root}/`))
    throw new NdtsError('INVALID_ARGUMENT', `expected a folder outside of ${root}, found ${to}`);
  if (!existsSync(to)) return;
  let names: string[];
  try {
    names = readdirSync(to);
  } catch (error) {
    throw new NdtsError('ALREADY_EXISTS', `expected a folder, found a file: ${to}`, {
      cause: error,
    });
  }
  if (names.length > 0)
    throw new NdtsError('ALREADY_EXISTS', `expected an empty folder, found ${names[0]} in ${to}`);
}

function noSnapshot(engine: string, name: string, all: readonly SnapshotView[]): NdtsError {
  const names = all.map((one) => one.name).join(', ');
  return new NdtsError(
    'NOT_FOUND',
    `${engine}: no complete snapshot is called '${name}'; there is ${names || 'none'}`,
  );
}

const removeTries = 200;
const removeRetryMs = 25;

/** Of open engines. */
export class Snapshots {
  readonly #engines: Readonly<Record<EngineName, Database>>;

  constructor(engines: Readonly<Record<EngineName, Database>>) {
    this.#engines = engines;
  }

  list(): SnapshotView[] {
    return viewsOf((engine) => this.#engines[engine].snapshots());
  }

  /** ALREADY_EXISTS, INVALID_ARGUMENT, DISK_FULL: then no engine has it. */
  async create(name: string): Promise<SnapshotView> {
    const there = this.list().find((one) => one.name === name);
    if (there !== undefined)
      throw new NdtsError(
        'ALREADY_EXISTS',
        `there is a snapshot '${name}' of ${there.engines.join(' and ')}`,
      );
    const made: EngineName[] = [];
    try {
      for (const engine of engineNames) {
        await this.#engines[engine].snapshot(name);
        made.push(engine);
      }
    } catch (error) {
      for (const engine of made) await this.#removeFrom(engine, name);
      throw error;
    }
    const view = this.list().find((one) => one.name === name);
    if (view === undefined) throw new NdtsError('INTERNAL', `the snapshot '${name}' is not there`);
    return view;
  }

  /** NOT_FOUND when no engine has it. */
  async remove(name: string): Promise<void> {
    const there = this.list().find((one) => one.name === name);
    if (there === undefined) throw new NdtsError('NOT_FOUND', `no snapshot is called '${name}'`);
    for (const engine of engineNames)
      if (there.engines.includes(engine)) await this.#removeFrom(engine, name);
  }

  /** An engine refuses while it writes files, which is never for long. */
  async #removeFrom(engine: EngineName, name: string): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      try {
        return this.#engines[engine].removeSnapshot(name);
      } catch (error) {
        const busy = error instanceof NdtsError && error.code === 'ALREADY_EXISTS';
        if (!busy || tries === removeTries) throw error;
      }
      await delay(removeRetryMs);
    }
  }
}

/** NOT_FOUND only when every engine says so. */
function removeFromAll(name: string, remove: (engine: EngineName) => void): void {
  let removed = false;
  for (const engine of engineNames) {
    try {
      remove(engine);
      removed = true;
    } catch (error) {
      if (!(error instanceof NdtsError && error.code === 'NOT_FOUND')) throw error;
    }
  }
  if (!removed) throw new NdtsError('NOT_FOUND', `no snapshot is called '${name}'`);
}

/** One of a name, oldest first. */
function viewsOf(list: (engine: EngineName) => InfoList): SnapshotView[] {
  const views = new Map<string, SnapshotView>();
  for (const engine of engineNames)
    for (const { name, wallMs, bytes, files } of list(engine)) {
      const before = views.get(name);
      views.set(name, {
        name,
        engines: [...(before?.engines ?? []), engine],
        timeMs: Math.max(before?.timeMs ?? 0, wallMs),
        bytes: (before?.bytes ?? 0) + bytes,
        files: (before?.files ?? 0) + files,
      });
    }
  return [...views.values()].sort((a, b) => a.timeMs - b.timeMs);
}
