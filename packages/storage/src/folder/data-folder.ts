// The one folder everything is kept in, and the shared-memory folder that belongs to it. Opening
// checks what can be wrong with a folder before anything is written: that it is a folder, can be
// written, and was not made by a newer version.
//
// The memory folder is named after an id in the data folder and its place: a folder that was
// deleted and made again never meets the memory of the one before, a copy never that of its
// original. What is left of folders that are gone is removed, but never a staging file: the folder
// may have been moved, or its disk may come back, and staging holds what was accepted last. Nodes
// that share the memory need not see the same files (containers, mounts of their own): the memory
// says by whose view its folder has its place, and nobody else judges that it is gone.

import {
  accessSync,
  constants,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { NdtsError, xxHash32 } from '@ndts/protocol';
import { fileError, type SecureRandom, systemSecureRandom, writePrivateFile } from '@ndts/runtime';

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
  /** Default: the system's. */
  readonly secureRandom?: SecureRandom;
}

const sharedMemory = '/dev/shm';
const ownerFile = 'owner';

export function openDataFolder(options: OpenDataFolderOptions): DataFolder {
  const root = createRoot(options.dir);
  const secureRandom = options.secureRandom ?? systemSecureRandom;
  checkVersion(root, secureRandom);
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
  openMemory(folder, options.userId, secureRandom);
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

/** Writes the file unless there is one: all of several that begin at once see the same. */
function writeOnce(path: string, content: string, secureRandom: SecureRandom): void {
  const own = `${path}.${Buffer.from(secureRandom.bytes(8)).toString('hex')}`;
  writePrivateFile(own, content);
  try {
    linkSync(own, path);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST'))
      throw fileError(path, error);
  } finally {
    rmSync(own, { force: true });
  }
}

function checkVersion(root: string, secureRandom: SecureRandom): void {
  const path = join(root, 'VERSION');
  if (!existsSync(path)) writeOnce(path, `${folderVersion}\n`, secureRandom);
  const text = readFileSync(path, 'utf8').trim();
  if (!/^\d{1,9}$/.test(text))
    throw new NdtsError('CORRUPT', `${path}: expected a version number, found '${text}'`);
  if (Number(text) > folderVersion)
    throw new NdtsError(
      'VERSION_TOO_NEW',
      `${root} has version ${text}, this program reads up to ${folderVersion}`,
    );
}

/** The memory folder of a data folder that is there, without making anything; undefined where there
 * is none. */
export function findMemoryFolder(options: OpenDataFolderOptions): string | undefined {
  if (!existsSync(join(options.dir, 'ID'))) return undefined;
  return memoryFolder(realpathSync(options.dir), options);
}

function memoryFolder(root: string, options: OpenDataFolderOptions): string {
  const id = folderId(root, options.secureRandom ?? systemSecureRandom);
  let parent = options.memoryParent ?? '';
  if (parent === '') {
    try {
      accessSync(sharedMemory, constants.W_OK | constants.X_OK);
      parent = sharedMemory;
    } catch {
      return join(root, 'memory');
    }
  }
  return join(parent, memoryName(options.userId, id, root));
}

function memoryName(userId: number, id: string, root: string): string {
  return `ndts-${userId}-${id}-${xxHash32(Buffer.from(root)).toString(16).padStart(8, '0')}`;
}

/** Made once, with the folder. */
function folderId(root: string, secureRandom: SecureRandom): string {
  const path = join(root, 'ID');
  if (!existsSync(path))
    writeOnce(path, `${Buffer.from(secureRandom.bytes(8)).toString('hex')}\n`, secureRandom);
  const id = readFileSync(path, 'utf8').trim();
  if (/^[0-9a-f]{16}$/.test(id)) return id;
  throw new NdtsError('CORRUPT', `${path}: expected 16 hexadecimal digits, found '${id}'`);
}

function openMemory(folder: DataFolder, userId: number, secureRandom: SecureRandom): void {
  makeFolder(folder.memory, 0o700);
  writeOwner(folder, secureRandom);
  const parent = dirname(folder.memory);
  for (const name of readdirSync(parent))
    if (name.startsWith(`ndts-${userId}-`)) removeAbandoned(join(parent, name), userId);
}

function writeOwner(folder: DataFolder, secureRandom: SecureRandom): void {
  const path = join(folder.memory, ownerFile);
  const content = `${folder.root}\n${viewOfFiles()}\n`;
  if (existsSync(path) && readFileSync(path, 'utf8') === content) return;
  const own = `${path}.${Buffer.from(secureRandom.bytes(8)).toString('hex')}`;
  writePrivateFile(own, content);
  renameSync(own, path);
}

/** The mounts and the root by which this process finds files; alike for all that see the same. */
function viewOfFiles(): string {
  const { dev, ino } = statSync('/');
  try {
    return `${readlinkSync('/proc/self/ns/mnt')} ${dev}:${ino}`;
  } catch {
    return `${dev}:${ino}`; // A system without such views.
  }
}

/** Removes memory whose data folder is gone, or has another id by now; never ticks in it. */
function removeAbandoned(memory: string, userId: number): void {
  let owner: string;
  try {
    owner = readFileSync(join(memory, ownerFile), 'utf8');
  } catch {
    return; // Being made right now, or not ours.
  }
  const [root = '', view] = owner.split('\n');
  if (view !== viewOfFiles()) return; // What is not there for us may be there for its node.
  let id = '';
  try {
    id = readFileSync(join(root, 'ID'), 'utf8').trim();
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) return;
  }
  if (basename(memory) === memoryName(userId, id, root)) return;
  rmSync(join(memory, 'rings'), { recursive: true, force: true });
  const files = readdirSync(memory, { recursive: true, encoding: 'utf8' });
  if (files.some((name) => /\.staging(\.tmp)?$/.test(name))) return; // or being made
  rmSync(memory, { recursive: true, force: true });
}
