// Keeps every message of a feed: gathered into blocks, compressed on another thread, appended to
// the file of the day. Always: the feed waits for nothing here; what could not be kept (a full
// disk, a disk that is too slow) is counted; a start begins a new file and never touches an older
// one; what is read without what was before it (a day, or behind a loss) says what was subscribed
// to.

import { type FileHandle, mkdir, open, readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, errorLine, type Time, type Timer } from '@ndts/protocol';
import { dayText } from '@ndts/storage';
import type { MessageRecorder } from '../message-source.js';
import {
  blockBytesMax,
  packBlock,
  recordHeadBytes,
  type RecordKind,
  recordingHeader,
  recordKinds,
  writeRecord,
} from './recording-format.js';

export interface RecorderOptions {
  /** Of one feed; made if it is not there. */
  readonly dir: string;
  readonly clock: Clock;
  /** A block is written at least so often while something comes. */
  readonly flushMs?: number;
  /** What may wait to be written. */
  readonly pendingBytesMax?: number;
  /** For tests: a disk that fails. */
  readonly openFile?: typeof open;
}

export interface RecorderStats {
  readonly messages: number;
  /** Not kept. */
  readonly lost: number;
  /** As they came, and in the files. */
  readonly rawBytes: number;
  readonly fileBytes: number;
  /** Of the last write that failed; empty: it works. */
  readonly reason: string;
}

const blockBytes = 256 * 1024;
const flushMsDefault = 1000;
const pendingBytesMaxDefault = 64 * 1024 * 1024;
const encoder = new TextEncoder();
const noBytes = new Uint8Array(0);

/** DAY-NN.rec; NN counts the starts of a day. */
export const recordingName = /^(\d{4}-\d{2}-\d{2})-(\d{2,})\.rec$/;

export class Recorder implements MessageRecorder {
  readonly #options: RecorderOptions;
  #block = Buffer.alloc(blockBytes);
  #used = 0;
  #records = 0;
  #messagesIn = 0;
  #day = -1;
  #timer: Timer | undefined;
  #writing: Promise<void> = Promise.resolve();
  #pendingBytes = 0;
  readonly #names = new Set<string>();
  /** What was subscribed to is to be said again, before the next message. */
  #isNameless = false;
  #file: FileHandle | undefined;
  #path = '';
  #fileDay = -1;
  #ordinal = 0;
  #messages = 0;
  #lost = 0;
  #rawBytes = 0;
  #fileBytes = 0;
  #reason = '';
  #isClosed = false;

  constructor(options: RecorderOptions) {
    this.#options = options;
  }

  opened(at: Time): void {
    this.#put(recordKinds.opened, at, noBytes);
  }

  subscribed(names: readonly string[], at: Time): void {
    for (const name of names) this.#names.add(name);
    this.#put(recordKinds.subscribed, at, namesBytes(names));
  }

  unsubscribed(names: readonly string[], at: Time): void {
    for (const name of names) this.#names.delete(name);
    this.#put(recordKinds.unsubscribed, at, namesBytes(names));
  }

  message(bytes: Uint8Array, at: Time): void {
    if ((this.#isNameless || this.#isNewDay(at)) && this.#hasRoom(bytes)) {
      const names = namesBytes([...this.#names]);
      this.#isNameless = !this.#put(recordKinds.subscribed, at, names);
    }
    this.#put(recordKinds.message, at, bytes);
  }

  #hasRoom({ length }: Uint8Array): boolean {
    const maximum = this.#options.pendingBytesMax ?? pendingBytesMaxDefault;
    const size = this.#pendingBytes + recordHeadBytes + length;
    return !this.#isClosed && length <= blockBytesMax && size <= maximum;
  }

  #isNewDay(at: Time): boolean {
    return at.day !== this.#day && this.#day >= 0;
  }

  stats(): RecorderStats {
    return {
      messages: this.#messages,
      lost: this.#lost,
      rawBytes: this.#rawBytes,
      fileBytes: this.#fileBytes,
      reason: this.#reason,
    };
  }

  /** Resolves once everything is in the file. */
  flush(): Promise<void> {
    this.#flushBlock();
    return this.#writing;
  }

  async close(): Promise<void> {
    await this.flush();
    this.#isClosed = true;
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  /** False: it has no room. */
  #put(kind: RecordKind, at: Time, bytes: Uint8Array): boolean {
    const isMessage = kind === recordKinds.message;
    if (!isMessage && this.#isNewDay(at)) this.#isNameless = true;
    const size = recordHeadBytes + bytes.length;
    if (!this.#hasRoom(bytes)) {
      this.#lost += isMessage ? 1 : 0;
      this.#isNameless ||= !isMessage;
      return false;
    }
    if (at.day !== this.#day || this.#used + size > this.#block.length) this.#flushBlock();
    this.#day = at.day;
    if (size > this.#block.length) this.#block = Buffer.alloc(size);
    this.#used = writeRecord(this.#block, this.#used, kind, at, bytes);
    this.#records += 1;
    this.#messagesIn += isMessage ? 1 : 0;
    this.#timer ??= this.#options.clock.setTimer(
      this.#options.flushMs ?? flushMsDefault,
      () => void this.flush(),
    );
    return true;
  }

  #flushBlock(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#records === 0) return;
    const raw = this.#block.subarray(0, this.#used);
    const [day, records, messages] = [this.#day, this.#records, this.#messagesIn];
    this.#block = Buffer.alloc(blockBytes);
    this.#used = 0;
    this.#records = 0;
    this.#messagesIn = 0;
    this.#pendingBytes += raw.length;
    this.#writing = this.#writing.then(async () => {
      try {
        await this.#write(day, records, raw);
        this.#messages += messages;
        this.#reason = '';
      } catch (error) {
        this.#lost += messages;
        this.#reason = errorLine(error);
        this.#isNameless = true; // it may have been said in there
        await this.#giveUpFile();
      }
      this.#pendingBytes -= raw.length;
    });
  }

  /** What was written of the block is a torn tail; the next one goes into a new file. Of a disk
   * that stays full no files remain that have nothing. */
  async #giveUpFile(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close().catch(() => undefined);
    if (file !== undefined && this.#ordinal === 0) await unlink(this.#path).catch(() => undefined);
  }

  async #write(day: number, records: number, raw: Buffer): Promise<void> {
    const file = await this.#fileOf(day);
    const block = await packBlock(this.#ordinal, records, raw);
    await file.writeFile(block);
    await file.datasync();
    this.#ordinal += 1;
    this.#rawBytes += raw.length;
    this.#fileBytes += block.length;
  }

  async #fileOf(day: number): Promise<FileHandle> {
    if (this.#file !== undefined && day === this.#fileDay) return this.#file;
    await this.#file?.close();
    this.#file = undefined;
    const { dir, openFile = open } = this.#options;
    await mkdir(dir, { recursive: true, mode: 0o700 });
    const numbers = (await readdir(dir)).flatMap((name) => {
      const found = recordingName.exec(name);
      return found?.[1] === dayText(day) ? [Number(found[2])] : [];
    });
    const number = Math.max(-1, ...numbers) + 1;
    const name = `${dayText(day)}-${String(number).padStart(2, '0')}.rec`;
    const path = join(dir, name);
    const file = await openFile(path, 'wx', 0o600);
    this.#file = file;
    this.#path = path;
    this.#fileDay = day;
    this.#ordinal = 0;
    await file.writeFile(recordingHeader(day));
    return file;
  }
}

function namesBytes(names: readonly string[]): Uint8Array {
  return encoder.encode(JSON.stringify(names));
}
