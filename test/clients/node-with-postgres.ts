// A node whose clients are those of PostgreSQL: `ndts up` with a port for them, and psql.

import { spawn } from 'node:child_process';
import { freePort } from '../kit/free-port.js';
import { RunningPlatform } from '../kit/running-platform.js';
import { temporaryFolder } from '../kit/temporary-folder.js';

interface Cleanup {
  after(action: () => Promise<void>): void;
}

export interface PostgresNode {
  readonly port: number;
  readonly token: string;
  readonly platform: RunningPlatform;
}

export async function startNode(test: Cleanup): Promise<PostgresNode> {
  const dataDir = await temporaryFolder(test);
  const port = await freePort();
  const platform = await RunningPlatform.start({
    dataDir,
    keys: { 'postgres.port': port, 'feed.symbols': 3, 'feed.ticksPerSecond': 2000 },
  });
  test.after(async () => {
    await platform.stop();
  });
  return { port, token: platform.token, platform };
}

export interface PsqlRun {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

/** Commands one after another, as if typed. */
export function psql(
  node: PostgresNode,
  commands: readonly string[],
  options: { readonly password?: string; readonly args?: readonly string[] } = {},
): Promise<PsqlRun> {
  const given = commands.flatMap((command) => ['-c', command]);
  const args = [
    '-X',
    '-w',
    '-h',
    '127.0.0.1',
    '-p',
    String(node.port),
    '-U',
    'admin',
    '-d',
    'ndts',
  ];
  const child = spawn('psql', [...args, ...(options.args ?? []), ...given], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'] ?? '',
      PGPASSWORD: options.password ?? node.token,
      LC_ALL: 'C',
    },
  });
  let [output, errors] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output, errors }));
  });
}
