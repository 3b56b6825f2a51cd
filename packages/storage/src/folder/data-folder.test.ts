import assert from 'node:assert/strict';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openDataFolder } from './data-folder.js';

function withFolder(action: (dir: string) => void): void {
  const dir = mkdtempSync(join(tmpdir(), 'ndts-folder-'));
  try {
    action(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

test('a new folder gets its parts, for its owner only, and its version', () => {
  withFolder((dir) => {
    const memoryParent = join(dir, 'memory');
    const folder = openDataFolder({
      dir: join(dir, 'data'),
      memoryParent,
      userId: 7,
    });
    for (const part of [folder.ticks, folder.journal, folder.identity, folder.venue, folder.memory])
      assert.equal(statSync(part).mode & 0o777, 0o700, part);
    assert.match(folder.memory, /memory\/ndts-7-[0-9a-f]{16}-[0-9a-f]{8}$/);
    assert.equal(readFileSync(join(folder.root, 'VERSION'), 'utf8'), '1\n');
    assert.deepEqual(openDataFolder({ dir: join(dir, 'data'), memoryParent, userId: 7 }), folder);
  });
});

test('two data folders never share memory', () => {
  withFolder((dir) => {
    const memoryParent = join(dir, 'memory');
    const one = openDataFolder({ dir: join(dir, 'one'), memoryParent, userId: 7 });
    const two = openDataFolder({ dir: join(dir, 'two'), memoryParent, userId: 7 });
    assert.notEqual(one.memory, two.memory);
  });
});

test('a file in place of the folder, a newer version and a damaged one are named', () => {
  withFolder((dir) => {
    const file = join(dir, 'file');
    writeFileSync(file, '');
    const memoryParent = join(dir, 'memory');
    assert.throws(() => openDataFolder({ dir: file, memoryParent, userId: 7 }), {
      code: 'INVALID_ARGUMENT',
      message: `dataDir: expected a folder, found a file: ${file}`,
    });
    const data = join(dir, 'data');
    openDataFolder({ dir: data, memoryParent, userId: 7 });
    writeFileSync(join(data, 'VERSION'), '2\n');
    assert.throws(() => openDataFolder({ dir: data, memoryParent, userId: 7 }), {
      code: 'VERSION_TOO_NEW',
    });
    writeFileSync(join(data, 'VERSION'), 'soon\n');
    assert.throws(() => openDataFolder({ dir: data, memoryParent, userId: 7 }), {
      code: 'CORRUPT',
    });
  });
});

test('a folder made again has other memory, and the old one is removed; others stay', () => {
  withFolder((dir) => {
    const memoryParent = join(dir, 'memory');
    const data = join(dir, 'data');
    const open = (path: string): string =>
      openDataFolder({ dir: path, memoryParent, userId: 7 }).memory;
    const other = open(join(dir, 'other'));
    const before = open(data);
    rmSync(data, { recursive: true });
    const after = open(data);
    assert.notEqual(after, before);
    assert.ok(!existsSync(before), 'nobody can use it any more');
    assert.ok(existsSync(other), 'its data folder is there');
    const staging = join(after, 'staging-ticks');
    mkdirSync(staging);
    writeFileSync(join(staging, 'wal_1.staging'), '');
    renameSync(data, join(dir, 'moved'));
    open(join(dir, 'moved'));
    assert.ok(existsSync(join(staging, 'wal_1.staging')), 'a moved folder still needs it');
    renameSync(join(dir, 'moved'), data);
    assert.equal(open(data), after);
    cpSync(data, join(dir, 'copy'), { recursive: true });
    assert.notEqual(open(join(dir, 'copy')), after, 'a copy never meets its original');
    assert.ok(existsSync(after));
  });
});

test('memory of a node that sees other files is left alone: its folder may well be there', () => {
  withFolder((dir) => {
    const memoryParent = join(dir, 'memory');
    const open = (name: string): string =>
      openDataFolder({ dir: join(dir, name), memoryParent, userId: 7 }).memory;
    const memory = open('elsewhere');
    const owner = join(memory, 'owner');
    const [root, view] = readFileSync(owner, 'utf8').split('\n');
    rmSync(join(dir, 'elsewhere'), { recursive: true });
    writeFileSync(owner, `${root}\n${view}0\n`);
    open('here');
    assert.ok(existsSync(memory));
    writeFileSync(owner, `${root}\n${view}\n`);
    open('here');
    assert.ok(!existsSync(memory), 'the same files are seen, and it is not among them');
  });
});
