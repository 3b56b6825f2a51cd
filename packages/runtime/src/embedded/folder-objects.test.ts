import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { FolderObjects } from './folder-objects.js';

const content = new TextEncoder().encode('content');

function folderOf(context: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'ndts-objects-'));
  context.after(() => rmSync(dir, { recursive: true }));
  return join(dir, 'objects');
}

test('nothing unfinished stays, not even from a killed process', async (context) => {
  const dir = folderOf(context);
  mkdirSync(join(dir, '.unfinished'), { recursive: true });
  // No process has this number.
  writeFileSync(join(dir, '.unfinished', '99999999-0'), 'half');
  writeFileSync(join(dir, '.unfinished', `${process.pid}-777`), 'of a living process');
  const objects = new FolderObjects({ dir });
  await objects.put('a/b', content);
  await assert.rejects(objects.put('a/b', content, { ifAbsent: true }), {
    code: 'ALREADY_EXISTS',
  });
  assert.deepEqual(readdirSync(join(dir, '.unfinished')), [`${process.pid}-777`]);
  assert.deepEqual(await objects.list(''), [{ name: 'a/b', bytes: 7 }]);
  await assert.rejects(objects.put('.unfinished/x', content), { code: 'INVALID_ARGUMENT' });
});

test('objects are for their owner only', async (context) => {
  const dir = folderOf(context);
  await new FolderObjects({ dir }).put('a/b', content);
  assert.equal(statSync(join(dir, 'a/b')).mode & 0o777, 0o600);
  assert.equal(statSync(join(dir, 'a')).mode & 0o777, 0o700);
});

test('a name below an object, or above objects, is refused', async (context) => {
  const objects = new FolderObjects({ dir: folderOf(context) });
  await objects.put('a/b', content);
  await assert.rejects(objects.put('a', content));
  await assert.rejects(objects.put('a/b/c', content));
  assert.equal((await objects.get('a/b')).length, 7);
  await assert.rejects(objects.get('a/b', { offset: 0.5, length: 1 }), {
    code: 'INVALID_ARGUMENT',
  });
});

test('a folder that is not there yet is empty', async (context) => {
  const objects = new FolderObjects({ dir: folderOf(context) });
  assert.deepEqual(await objects.list(''), []);
  assert.equal(await objects.head('a'), undefined);
  assert.equal(await objects.delete('a'), false);
});
