// The one folder everything is kept in, and the shared-memory folder that belongs to it. Opening
// checks what can be wrong with a folder before anything is written: that it is a folder, can be
// written, and was not made by a newer version.

import { createHash } from 'node:crypto';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { NdtsError } from '@ndts/protocol';
import { fileError, writePrivateFile } from '@ndts/runtime';

/** Grows when a program of the version before could not read the folder any more. */
export const folderVersion = 1;

export interface DataFolder {
  readonly root: string;
  /** The series engine: ticks. */
  readonly ticks: string;
  /** The key-value engine: order journal, registry, log, jobs. */
  readonly journal: string;
  readonly identity: string;
  readonly logs: string;
  /** The paper venue's own record. */
  readonly venue: string;
  /** Written by a running node: where it listens. */
  readonly runFile: string;
  /** Staging and rings: in shared memory, or below root where there is none. */
  readonly memory: string;
}

export interface OpenDataFolderOptions {
  readonly dir: string;
  /** Parent of the memory folder; '' looks for shared memory. */
  readonly memoryParent?: string;
  /** The user the memory folder is named after. */
  readonly userId: number;
}

const sharedMemory = '/dev/shm';

export function openDataFolder(options: OpenDataFolderOptions): DataFolder {
  const root = createRoot(options.dir);
  checkVersion(root);
  const folder: DataFolder = {
    root,
    ticks: join(root, 'ticks'),
    journal: join(root, 'journal'),
    identity: join(root, 'identity'),
    logs: join(root, 'logs'),
    venue: join(root, 'venue'),
    runFile: join(root, 'run.json'),
    memory: memoryFolder(root, options),
  };
  for (const dir of [folder.ticks, folder.journal, folder.identity, folder.logs, folder.venue])
    makeFolder(dir, 0o700);
  makeFolder(folder.memory, 0o700);
  return folder;
}

function createRoot(dir: string): string {
  if (existsSync(dir) && !statSync(dir).isDirectory())
    throw new NdtsError('INVALID_ARGUMENT', `dataDir: expected a folder, found a file: ${dir}`);
  makeFolder(dir, 0o700);
  const root = realpathSync(dir);
  try {
    accessSync(root, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new NdtsError('READ_ONLY', `cannot write to the data folder ${root}`, { cause: error });
  }
  return root;
}

function makeFolder(path: string, mode: number): void {
  try {
    mkdirSync(path, { recursive: true, mode });
  } catch (error) {
    throw fileError(path, error);
  }
}

function checkVersion(root: string): void {
  const path = join(root, 'VERSION');
  if (!existsSync(path)) {
    writePrivateFile(path, `${folderVersion}\n`);
    return;
  }
  const text = readFileSync(path, 'utf8').trim();
  if (!/^\d{1,9}$/.test(text))
    throw new NdtsError('CORRUPT', `${path}: expected a version number, found '${text}'`);
  if (Number(text) > folderVersion)
    throw new NdtsError(
      'VERSION_TOO_NEW',
      `${root} has version ${text}, this program reads up to ${folderVersion}`,
    );
}

function memoryFolder(root: string, options: OpenDataFolderOptions): string {
  let parent = options.memoryParent ?? '';
  if (parent === '') {
    try {
      accessSync(sharedMemory, constants.W_OK | constants.X_OK);
      parent = sharedMemory;
    } catch {
      return join(root, 'memory');
    }
  }
  const name = createHash('sha256').update(root).digest('hex').slice(0, 12);
  return join(parent, `ndts-${options.userId}-${name}`);
}
