// RocksDB beside us: Debian's db_bench (package rocksdb-tools), told to do the same work.
//
// The same on both sides: keys of 16 and values of 100 bytes that do not compress, no compression,
// the log on and not synced (but for kv_fillsync), a memtable of 128 MB of which four more may wait
// to be flushed, level 1 of 512 MB, 12 bits a key in the filters, reads through a mapping of the
// files. RocksDB checks no checksums of blocks here (with a mapping it would at every get; we do
// at the first), and 64 MB tables and two background threads are its defaults and ours.

import { execFile } from 'node:child_process';
import { accessSync, constants, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const program = '/usr/bin/db_bench';

const sameWork = [
  '--key_size=16',
  '--value_size=100',
  '--compression_type=none',
  '--compression_ratio=1',
  '--disable_wal=0',
  '--write_buffer_size=134217728',
  '--max_write_buffer_number=5',
  '--max_bytes_for_level_base=536870912',
  '--bloom_bits=12',
  '--mmap_read=1',
  '--verify_checksum=0',
];

export class RocksDb {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
    try {
      accessSync(program, constants.X_OK);
    } catch {
      throw new Error(`--peer rocksdb needs ${program}: apt-get install rocksdb-tools`);
    }
  }

  /**
   * Runs benchmarks of db_bench, one after the other.
   * @returns operations per second of each, in order
   */
  async run(benchmarks: readonly string[], options: readonly string[]): Promise<number[]> {
    const args = [`--db=${this.#dir}`, `--benchmarks=${benchmarks.join(',')}`];
    const { stdout } = await run(program, [...args, ...sameWork, ...options], {
      maxBuffer: 1 << 26,
    });
    const found = [...stdout.matchAll(/^\S+\s*:\s+[\d.]+ micros\/op (\d+) ops\/sec/gm)];
    if (found.length === 0) throw new Error(`db_bench: no result in its output:\n${stdout}`);
    return found.map((match) => Number(match[1]));
  }

  /** Bytes of its sorted tables. */
  tableBytes(): number {
    return readdirSync(this.#dir)
      .filter((name) => name.endsWith('.sst'))
      .reduce((sum, name) => sum + statSync(join(this.#dir, name)).size, 0);
  }
}
