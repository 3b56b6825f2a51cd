// Reads recordings, file after file. Always: a tail that was not written completely ends its file
// and no more; a damaged block in the middle is named, passed over and counted, and reading goes on
// at the next whole one.

import { type FileHandle, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { NdtsError } from '@ndts/protocol';
import { recordingName } from './recorder.js';
import {
  blockHeadBytes,
  blockLength,
  headerBytes,
  readHeader,
  type RecordingRecord,
  unpackBlock,
} from './recording-format.js';

/** A stretch of a file that is no block. */
export interface BadStretch {
  readonly path: string;
  readonly offset: number;
  readonly bytes: number;
  /** It is the end of its file: what a crash leaves behind. */
  readonly isTail: boolean;
}

/** How far a damaged block is searched for the next whole one. */
const searchBytes = 64 * 1024 * 1024;
const ordinalsMissedMax = 10_000;

/** Paths of the recordings of a folder, in the order they were made. */
export async function listRecordings(dir: string): Promise<string[]> {
  const names = await readdir(dir).catch((cause: unknown) => {
    throw new NdtsError('NOT_FOUND', `${dir}: no recordings`, { cause });
  });
  return names
    .flatMap((name) => {
      const found = recordingName.exec(name);
      return found === null ? [] : [{ name, day: found[1] ?? '', number: Number(found[2]) }];
    })
    .sort((one, other) => one.day.localeCompare(other.day) || one.number - other.number)
    .map(({ name }) => join(dir, name));
}

export class RecordingReader {
  readonly #paths: readonly string[];
  readonly #onBad: (bad: BadStretch) => void;
  #at = 0;
  #file: FileHandle | undefined;
  #size = 0;
  #offset = 0;
  #ordinal = 0;

  constructor(paths: readonly string[], onBad: (bad: BadStretch) => void) {
    this.#paths = paths;
    this.#onBad = onBad;
  }

  /** The records of the next block; undefined: there are no more. */
  async next(): Promise<readonly RecordingRecord[] | undefined> {
    for (;;) {
      if (this.#file === undefined && !(await this.#openNext())) return undefined;
      const records = await this.#readBlock();
      if (records !== undefined) return records;
      await this.close();
    }
  }

  /** Of the file that is read. */
  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  get #path(): string {
    return this.#paths[this.#at - 1] ?? '';
  }

  async #openNext(): Promise<boolean> {
    const path = this.#paths[this.#at];
    if (path === undefined) return false;
    this.#at += 1;
    const file = await open(path, 'r');
    this.#file = file;
    this.#size = (await file.stat()).size;
    this.#offset = headerBytes;
    this.#ordinal = 0;
    const header = await this.#bytes(0, headerBytes);
    if (header.length < headerBytes) {
      if (header.length > 0) this.#bad(0, header.length, true);
      this.#offset = this.#size;
      return true;
    }
    try {
      readHeader(header, path);
    } catch {
      this.#bad(0, this.#size, false); // no recording, or of a newer version
      this.#offset = this.#size;
    }
    return true;
  }

  async #bytes(offset: number, length: number): Promise<Buffer> {
    const buffer = Buffer.alloc(Math.max(0, Math.min(length, this.#size - offset)));
    const { bytesRead } = (await this.#file?.read(buffer, 0, buffer.length, offset)) ?? {
      bytesRead: 0,
    };
    return buffer.subarray(0, bytesRead);
  }

  async #readBlock(): Promise<RecordingRecord[] | undefined> {
    if (this.#offset >= this.#size) return undefined;
    const length = blockLength(await this.#bytes(this.#offset, blockHeadBytes), 0);
    if (length > 0 && this.#offset + length <= this.#size) {
      const block = await this.#bytes(this.#offset, length);
      const records = block.length === length ? unpackBlock(block, this.#ordinal) : undefined;
      if (records !== undefined) {
        this.#offset += length;
        this.#ordinal += 1;
        return records;
      }
    }
    return this.#search();
  }

  /** The next whole block behind one that is damaged; undefined: it was the tail. */
  async #search(): Promise<RecordingRecord[] | undefined> {
    const begin = this.#offset;
    const area = await this.#bytes(begin, searchBytes);
    for (let at = 8; at + blockHeadBytes <= area.length; at += 8) {
      const length = blockLength(area, at);
      if (length === 0 || at + length > area.length) continue;
      const ordinal = area.readUInt32LE(at + 4);
      if (ordinal <= this.#ordinal || ordinal > this.#ordinal + ordinalsMissedMax) continue;
      const records = unpackBlock(area.subarray(at, at + length), ordinal);
      if (records === undefined) continue;
      this.#bad(begin, at, false);
      this.#offset = begin + at + length;
      this.#ordinal = ordinal + 1;
      return records;
    }
    this.#bad(begin, this.#size - begin, true);
    this.#offset = this.#size;
    return undefined;
  }

  #bad(offset: number, bytes: number, isTail: boolean): void {
    this.#onBad({ path: this.#path, offset, bytes, isTail });
  }
}
