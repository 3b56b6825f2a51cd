// QuickFIX, an engine that others wrote, as a counterparty: a small program around Debian's
// library, compiled when it is first needed and when its source changed. Where the library's
// headers are not installed there is none, and tests that want it are left out.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const header = '/usr/include/quickfix/Session.h';
const source = fileURLToPath(new URL('../../kit/quickfix_acceptor.cc', import.meta.url));
/** The library's headers say what they throw, which newer C++ does not allow. */
const flags = ['-std=c++14', '-O0', '-Wno-deprecated', '-lquickfix'];

/** false, or why not. */
export function quickfixAbsent(): false | string {
  return existsSync(header) ? false : 'libquickfix-dev is not installed';
}

/** The path of the program. */
function compile(): string {
  const hash = createHash('sha256').update(readFileSync(source)).digest('hex').slice(0, 16);
  const program = fileURLToPath(new URL(`./quickfix_acceptor-${hash}`, import.meta.url));
  if (existsSync(program)) return program;
  const unfinished = `${program}.${process.pid}`;
  execFileSync('g++', [source, '-o', unfinished, ...flags]);
  renameSync(unfinished, program);
  return program;
}

export class QuickfixAcceptor {
  /** What it said, in order. */
  readonly said: string[] = [];
  readonly #dir: string;
  readonly #port: number;
  #process: ChildProcess | undefined;

  constructor(dir: string, port: number) {
    this.#dir = dir;
    this.#port = port;
  }

  async start(): Promise<void> {
    const settings = join(this.#dir, 'acceptor.cfg');
    mkdirSync(this.#dir, { recursive: true });
    writeFileSync(settings, this.#settings());
    const child = spawn(compile(), [settings], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#process = child;
    createInterface({ input: child.stdout }).on('line', (line) => this.said.push(line));
    while (!this.said.includes('ready')) await once(child.stdout, 'data');
  }

  tell(line: string): void {
    this.#process?.stdin?.write(`${line}\n`);
  }

  /** Without a word, as a crash. */
  async kill(): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
    this.said.length = 0;
  }

  #settings(): string {
    const lines = [
      ...['[DEFAULT]', 'ConnectionType=acceptor', 'BeginString=FIX.4.4', 'SenderCompID=VENUE'],
      ...['TargetCompID=DESK', 'SocketAcceptHost=127.0.0.1', 'SocketReuseAddress=Y'],
      ...[`SocketAcceptPort=${this.#port}`, 'StartTime=00:00:00', 'EndTime=00:00:00'],
      ...['UseDataDictionary=N', 'HeartBtInt=30', `FileStorePath=${join(this.#dir, 'store')}`],
      '[SESSION]',
    ];
    return `${lines.join('\n')}\n`;
  }
}
