// ndts snapshot on real files: a closed folder by itself, an open one by its node, and what is
// refused. The node is a small server here; its routes have their own test.

import { deepEqual, equal, match, ok, rejects, throws } from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type ConfigValues, createTickBatch, NdtsError, type SnapshotView } from '@ndts/protocol';
import { loadConfig } from '@ndts/runtime';
import { type DataFolder, openDataFolder, openJournal, openTicks } from '@ndts/storage';
import { createSnapshot, listSnapshots, removeSnapshot, restoreSnapshot } from './snapshot.js';

interface Made {
  readonly root: string;
  readonly folder: DataFolder;
  readonly values: ConfigValues;
}

const userId = 7;

function makeFolder(context: TestContext, dir = 'data'): Made {
  const root = mkdtempSync(join(tmpdir(), 'ndts-snapshot-'));
  context.after(() => rmSync(root, { recursive: true, force: true }));
  const memory = join(root, 'memory');
  const args = {
    'storage.stagingBytes': '1048576',
    'storage.walFileBytes': '1048576',
    'storage.memoryDir': memory,
  };
  const values = loadConfig({ args, environment: {} });
  mkdirSync(memory);
  const folder = openDataFolder({ dir: join(root, dir), memoryParent: memory, userId });
  const ticks = openTicks(folder, values);
  ticks.registerSymbol(1, 3, 'ONE');
  const batch = createTickBatch(10);
  batch.symbol.fill(1);
  batch.day.fill(20_454);
  batch.count = 10;
  ticks.appendTicks(batch);
  ticks.close();
  const journal = openJournal(folder, values);
  journal.write([{ key: 'a', value: new Uint8Array(3) }]);
  journal.close();
  return { root, folder, values };
}

async function printed(run: (print: (text: string) => void) => unknown): Promise<string> {
  const lines: string[] = [];
  await run((text) => lines.push(text));
  return lines.join('\n');
}

function withCode(code: string, text = /./): (error: unknown) => boolean {
  return (error) => {
    ok(error instanceof NdtsError, String(error));
    equal(error.code, code, error.message);
    match(error.message, text);
    return true;
  };
}

function create(made: Made, name: string): Promise<string> {
  const { folder, values } = made;
  return printed((print) => createSnapshot(name, { dataDir: folder.root, values, userId }, print));
}

async function list(dataDir: string): Promise<SnapshotView[]> {
  return JSON.parse(await printed((print) => listSnapshots({ dataDir, json: true }, print)));
}

async function namesIn(dataDir: string): Promise<string[]> {
  return (await list(dataDir)).map((view) => view.name);
}

function restore(dataDir: string, name: string, to: string, more = {}): Promise<string> {
  return printed((print) => restoreSnapshot(name, { dataDir, to, dryRun: false, ...more }, print));
}

test('a closed folder: made, listed, restored into another one, removed', async (context) => {
  const made = makeFolder(context);
  const { root, folder, values } = made;
  match(
    await printed((print) => listSnapshots({ dataDir: folder.root, json: false }, print)),
    /^no snapshots$/,
  );
  match(await create(made, 'first'), /first +20\d\d-.*Z +ticks, journal +\d/);
  const [view] = await list(folder.root);
  deepEqual(view?.engines, ['ticks', 'journal']);

  const to = join(root, 'copy');
  match(await restore(folder.root, 'first', to, { dryRun: true }), /copy\/ticks[\s\S]*Nothing was/);
  ok(!existsSync(to));
  match(await restore(folder.root, 'first', to), /copy\/journal[\s\S]*ndts up --data-dir/);
  const copy = openDataFolder({ dir: to, memoryParent: values.storage.memoryDir, userId });
  const ticks = openTicks(copy, values);
  equal(ticks.lastTicks(1, createTickBatch(20)), 10);
  ticks.close();
  const journal = openJournal(copy, values);
  deepEqual(journal.get('a'), new Uint8Array(3));
  journal.close();

  const gone = (print: (text: string) => void) =>
    removeSnapshot('first', { dataDir: folder.root }, print);
  match(await printed(gone), /removed first/);
  deepEqual(await namesIn(folder.root), []);
  await rejects(printed(gone), withCode('NOT_FOUND', /'first'/));
});

test('what cannot be is refused, and nothing is left of it', async (context) => {
  const made = makeFolder(context);
  const { root, folder } = made;
  const nothing = join(root, 'nothing');
  await rejects(create(made, '../x'), withCode('INVALID_ARGUMENT', /letters/));
  await rejects(create(made, ''), withCode('INVALID_ARGUMENT'));
  await create(made, 'one');
  await rejects(create(made, 'one'), withCode('ALREADY_EXISTS', /'one' of ticks and journal/));
  deepEqual(await namesIn(folder.root), ['one']);
  const elsewhere = { ...made, folder: { ...folder, root: nothing } };
  await rejects(create(elsewhere, 'x'), withCode('NOT_FOUND', /no data folder/));
  await rejects(list(nothing), withCode('NOT_FOUND', /no data folder/));
  ok(!existsSync(nothing));
  const removed = removeSnapshot('../x', { dataDir: folder.root }, () => undefined);
  await rejects(removed, withCode('INVALID_ARGUMENT'));
  const other = { dataDir: folder.root, url: 'http://127.0.0.1:9' };
  await rejects(
    removeSnapshot('one', other, () => undefined),
    withCode('UNAUTHENTICATED'),
  );
});

test('a restore needs an empty folder elsewhere and both engines', async (context) => {
  const made = makeFolder(context);
  const { root, folder, values } = made;
  await create(made, 'both');
  const ticks = openTicks(folder, values);
  await ticks.snapshot('ticks-only');
  ticks.close();
  const to = join(root, 'to');
  const refused = (name: string, target: string, code: string, text: RegExp) =>
    rejects(restore(folder.root, name, target), withCode(code, text));
  await refused('none', to, 'NOT_FOUND', /'none'; there is both, ticks-only/);
  await refused('ticks-only', to, 'NOT_FOUND', /journal: .*there is both/);
  await refused('both', join(folder.root, 'in'), 'INVALID_ARGUMENT', /outside/);
  await refused('both', folder.root, 'INVALID_ARGUMENT', /outside/);
  const file = join(root, 'file');
  writeFileSync(file, '');
  await refused('both', file, 'ALREADY_EXISTS', /a file/);
  mkdirSync(join(root, 'full'));
  writeFileSync(join(root, 'full', 'mine'), '');
  await refused('both', join(root, 'full'), 'ALREADY_EXISTS', /found mine/);
  deepEqual(readdirSync(join(root, 'full')), ['mine']);

  // What fails half way leaves no half folder.
  const tables = join(folder.journal, 'snapshots/both/tables');
  for (const name of readdirSync(tables)) rmSync(join(tables, name));
  await refused('both', to, 'NOT_FOUND', /tables/);
  deepEqual(existsSync(to) ? readdirSync(to) : [], []);
  const journal = openJournal(folder, values);
  await journal.snapshot('other');
  journal.close();
  await restore(folder.root, 'ticks-only', to, { journal: 'other' });
  deepEqual(readdirSync(to).sort(), ['journal', 'ticks']);
});

interface Asked {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly token: string | undefined;
  readonly body: string;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request) body += String(chunk);
  return body;
}

/** Answers what it is told, for the node that has the folder open. */
async function fakeNode(
  context: TestContext,
  made: Made,
  answer: { status: number; body: object },
) {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      const { method, url, headers } = request;
      asked.push({ method, url, token: headers.authorization, body });
      response.writeHead(answer.status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(answer.body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const run = { url: `http://127.0.0.1:${port}/`, pid: 1 };
  writeFileSync(made.folder.runFile, JSON.stringify(run));
  writeFileSync(join(made.folder.identity, 'admin.token'), 'secret\n');
  return { asked, url: run.url };
}

test('where a node has the folder open, it is asked', async (context) => {
  const made = makeFolder(context);
  const ticks = openTicks(made.folder, made.values);
  context.after(() => ticks.close());
  await rejects(create(made, 'x'), withCode('LOCKED', /has not said where it listens/));
  const view = { name: 'x', engines: ['ticks'], timeMs: 0, bytes: 1, files: 2 };
  const answer = { status: 200, body: view as object };
  const node = await fakeNode(context, made, answer);
  match(await create(made, 'x'), /x +1970-01-01T.* ticks +2 +1/);
  const target = { dataDir: made.folder.root };
  await removeSnapshot('x', target, () => undefined);
  answer.body = [view];
  match(
    await printed((print) => listSnapshots({ ...target, ...node, json: false }, print)),
    /x +19/,
  );
  const token = 'Bearer secret';
  deepEqual(node.asked, [
    { method: 'POST', url: '/api/snapshots', token, body: '{"name":"x"}' },
    { method: 'DELETE', url: '/api/snapshots/x', token, body: '' },
    { method: 'GET', url: '/api/snapshots', token, body: '' },
  ]);
});

test("the node's refusals arrive as they are", async (context) => {
  const made = makeFolder(context);
  const ticks = openTicks(made.folder, made.values);
  context.after(() => ticks.close());
  const answer = {
    status: 507,
    body: { code: 'DISK_FULL', message: 'no space in /data' } as object,
  };
  await fakeNode(context, made, answer);
  await rejects(create(made, 'x'), withCode('DISK_FULL', /no space in \/data/));
  Object.assign(answer, { status: 403, body: { code: 'FORBIDDEN', message: 'needs admin' } });
  await rejects(create(made, 'x'), withCode('FORBIDDEN', /needs admin/));
  Object.assign(answer, { status: 500, body: { code: 'INTERNAL', message: 'see the log' } });
  await rejects(create(made, 'x'), withCode('UNAVAILABLE', /500 see the log/));
  rmSync(join(made.folder.identity, 'admin.token'));
  await rejects(create(made, 'x'), withCode('UNAUTHENTICATED', /admin\.token/));
  throws(() => restoreSnapshot('x', { dataDir: '/nowhere', to: '/x', dryRun: true }, () => {}));
});
