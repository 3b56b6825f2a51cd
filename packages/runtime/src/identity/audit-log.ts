// What was done by whom: one JSON object per line, only ever appended, readable by its owner only.
// Always: a record is in the file when record() returns and synced soon after; the half line a
// crash left behind is cut off at the next open.

import { closeSync, constants, fstatSync, fsync, fsyncSync, ftruncateSync } from 'node:fs';
import { openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type Clock, NdtsError } from '@ndts/protocol';
import { checkPrivate, fileError, openPrivateFolder, syncFolder } from './private-file.js';

export interface AuditRecord {
  /** Name of the principal; of the node where it acts by itself. */
  readonly actor: string;
  /** Role of the actor; empty when nobody was authenticated. */
  readonly role: string;
  readonly action: string;
  readonly detail: unknown;
  /** `ok`, or why not. */
  readonly outcome: string;
}

export interface AuditEntry extends AuditRecord {
  readonly timeMs: number;
}

export interface AuditLogOptions {
  readonly dir: string;
  readonly clock: Clock;
}

const auditFile = 'audit.jsonl';
const chunkBytes = 65_536;
const newline = 0x0a;

export class AuditLog {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #file: number;
  #bytes: number;
  #closed = false;
  #syncing = false;
  #unsynced = false;

  static open(options: AuditLogOptions): AuditLog {
    return new AuditLog(options);
  }

  private constructor(options: AuditLogOptions) {
    this.#clock = options.clock;
    openPrivateFolder(options.dir);
    this.#path = join(options.dir, auditFile);
    try {
      const flags = constants.O_RDWR | constants.O_CREAT | constants.O_APPEND;
      this.#file = openSync(this.#path, flags, 0o600);
    } catch (error) {
      throw fileError(this.#path, error);
    }
    try {
      checkPrivate(this.#path, '0600');
      syncFolder(options.dir);
      this.#bytes = this.#cutTornLine();
    } catch (error) {
      closeSync(this.#file);
      throw fileError(this.#path, error);
    }
  }

  /** Throws when the disk does not take it: an action that cannot be audited should not be done. */
  record(record: AuditRecord): void {
    this.#checkOpen();
    const { actor, role, action, detail, outcome } = record;
    const timeMs = Math.floor(this.#clock.nowMs());
    const line = JSON.stringify({ timeMs, actor, role, action, detail, outcome });
    this.#append(Buffer.from(`${line}\n`, 'utf8'));
    this.#syncSoon();
  }

  /** Newest first. */
  recent(limit: number): AuditEntry[] {
    this.#checkOpen();
    const entries: AuditEntry[] = [];
    let rest: Buffer = Buffer.alloc(0);
    let end = this.#bytes;
    while (end > 0 && entries.length < limit) {
      const start = Math.max(0, end - chunkBytes);
      const block = Buffer.concat([this.#read(start, end), rest]);
      const lines = splitLines(block);
      // The first line may begin before this block.
      rest = start > 0 ? (lines.shift() ?? Buffer.alloc(0)) : Buffer.alloc(0);
      for (const line of lines.reverse()) {
        const entry = parseEntry(line);
        if (entry !== undefined && entries.length < limit) entries.push(entry);
      }
      end = start;
    }
    return entries;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    try {
      fsyncSync(this.#file);
    } finally {
      // A sync under way in the background still uses the descriptor.
      if (!this.#syncing) closeSync(this.#file);
    }
  }

  #append(line: Buffer): void {
    try {
      let done = 0;
      while (done < line.length) done += writeSync(this.#file, line, done);
      this.#bytes += line.length;
    } catch (error) {
      // No half line stays in front of the next record.
      ftruncateSync(this.#file, this.#bytes);
      throw fileError(this.#path, error);
    }
  }

  #syncSoon(): void {
    this.#unsynced = true;
    if (this.#syncing) return;
    this.#syncing = true;
    this.#unsynced = false;
    fsync(this.#file, () => {
      this.#syncing = false;
      if (this.#closed) closeSync(this.#file);
      else if (this.#unsynced) this.#syncSoon();
    });
  }

  #read(start: number, end: number): Buffer {
    const block = Buffer.alloc(end - start);
    let done = 0;
    while (done < block.length) {
      const count = readSync(this.#file, block, done, block.length - done, start + done);
      if (count === 0) break;
      done += count;
    }
    return block.subarray(0, done);
  }

  #cutTornLine(): number {
    const size = fstatSync(this.#file).size;
    let end = size;
    while (end > 0) {
      const start = Math.max(0, end - chunkBytes);
      const at = this.#read(start, end).lastIndexOf(newline);
      if (at >= 0) {
        end = start + at + 1;
        break;
      }
      end = start;
    }
    if (end < size) ftruncateSync(this.#file, end);
    return end;
  }

  #checkOpen(): void {
    if (this.#closed) throw new NdtsError('CLOSED', 'the audit log is closed');
  }
}

function splitLines(block: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  let start = 0;
  for (let at = block.indexOf(newline); at >= 0; at = block.indexOf(newline, start)) {
    lines.push(block.subarray(start, at));
    start = at + 1;
  }
  if (start < block.length) lines.push(block.subarray(start));
  return lines;
}

/** A damaged line in the middle hides itself, not its neighbours. */
function parseEntry(line: Buffer): AuditEntry | undefined {
  try {
    return JSON.parse(line.toString('utf8')) as AuditEntry;
  } catch {
    return undefined;
  }
}
