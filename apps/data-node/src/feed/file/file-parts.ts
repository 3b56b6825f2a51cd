// The plain files of a path: the file itself, or what is packed in it, each unpacked when it is
// opened. Always: the first bytes say whether it is packed, never the name; the parts of a path are
// the same each time, in the order of their names.

import { open, rm, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { NdtsError } from '@ndts/protocol';
import { type Unpacking, type UnpackPlace, unpackedIn, unpackGzip, unpackZip } from './unpack.js';
import { readAt, readZipDirectory, type ZipMember } from './zip-directory.js';

export interface PlainFile {
  readonly path: string;
  /** What formats are recognised by. */
  readonly name: string;
  /** What errors call it. */
  readonly title: string;
  /** Of what was unpacked; others stay. */
  remove(): Promise<void>;
}

export interface FilePart {
  readonly title: string;
  readonly isPacked: boolean;
  open(how: Pick<Unpacking, 'signal' | 'progress'>): Promise<PlainFile>;
}

const marks: readonly (readonly [name: string, mark: string])[] = [
  ['gzip', '1f8b08'],
  ['zip', '504b0304'],
  ['zip', '504b0506'],
  ['zstd', '28b52ffd'],
  ['xz', 'fd377a585a00'],
  ['7z', '377abcaf271c'],
  ['lz4', '04224d18'],
];
const markBytes = 6;
const dataName = /\.(csv|txt|parquet|pq|arrow|arrows|feather|ipc)$/i;

/** Throws INVALID_ARGUMENT: it is packed, but not as something that can be read; or it is no file:
 * the reader opens it on the node's thread, which would wait for whoever writes a pipe. */
export async function partsOf(path: string, place: UnpackPlace | undefined): Promise<FilePart[]> {
  const plain = async (): Promise<PlainFile> => ({
    ...{ path, name: basename(path), title: path },
    remove: async () => undefined,
  });
  // What cannot be opened is told by whoever reads it.
  const info = await stat(path).catch(() => undefined);
  if (info !== undefined && !info.isFile())
    throw new NdtsError('INVALID_ARGUMENT', `${path} is no file: expected one, or the files in it`);
  const file = info === undefined ? undefined : await open(path).catch(() => undefined);
  if (info === undefined || file === undefined)
    return [{ title: path, isPacked: false, open: plain }];
  try {
    const head = (await readAt(file, 0, markBytes)).toString('hex');
    const packing = marks.find(([, mark]) => head.startsWith(mark))?.[0];
    if (packing === undefined) return [{ title: path, isPacked: false, open: plain }];
    if (packing !== 'gzip' && packing !== 'zip')
      throw new NdtsError('INVALID_ARGUMENT', `${path}: packed as ${packing}: unpack it first`);
    if (place === undefined)
      throw new NdtsError('INVALID_ARGUMENT', `${path}: packed as ${packing}, and no place for it`);
    if (packing === 'gzip') return [gzipPart(path, info.size, place)];
    const members = dataOf(await readZipDirectory(file, info.size, path), path);
    return members.map((member) => zipPart(path, member, place));
  } finally {
    await file.close();
  }
}

/** What errors say of the unpacked file is said of what it was unpacked from. */
export function titled(error: unknown, { path, title }: PlainFile): unknown {
  if (!(error instanceof NdtsError) || path === title) return error;
  return new NdtsError(error.code, error.message.replaceAll(path, title), { cause: error });
}

/** The files with data; the only file is taken whatever it is called. */
function dataOf(members: readonly ZipMember[], path: string): readonly ZipMember[] {
  if (members.length === 1) return members;
  const data = members.filter(({ name }) => dataName.test(name) && !name.startsWith('.'));
  if (data.length > 0) return data;
  const names = members.slice(0, 5).map(({ name }) => name);
  throw new NdtsError(
    'INVALID_ARGUMENT',
    `${path}: no CSV and no Parquet in the zip` +
      (names.length === 0 ? ': it is empty' : ` (it has ${names.join(', ')})`),
  );
}

function gzipPart(path: string, bytes: number, place: UnpackPlace): FilePart {
  const name = basename(path).replace(/\.gz$/i, '');
  return {
    title: path,
    isPacked: true,
    open: async (how) =>
      unpacked(await unpackGzip(path, bytes, { ...how, title: path, place }), name, path),
  };
}

function zipPart(path: string, member: ZipMember, place: UnpackPlace): FilePart {
  const title = `${path}: ${member.name}`;
  return {
    title,
    isPacked: true,
    open: async (how) =>
      unpacked(await unpackZip(path, member, { ...how, title, place }), member.name, title),
  };
}

function unpacked(folder: string, name: string, title: string): PlainFile {
  return {
    path: unpackedIn(folder),
    name,
    title,
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
