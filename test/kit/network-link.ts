// Two hosts on one machine: two network namespaces with a cable between them, which can be cut.
// Needs the rights for that (root). Where they are missing a test is skipped, which is counted, and
// not allowed in CI; NDTS_TEST_ONE_HOST=1 says that a machine can't, and its tests are content.
//
// Always: names are of this process, so that runs can be side by side; what was made is gone after
// the test, and with it what runs there has no network any more. What a killed run left behind is
// removed by the next.

import { type ChildProcess, execFileSync, fork } from 'node:child_process';

interface Cleanup {
  after(action: () => void): void;
  skip(why: string): void;
  diagnostic(text: string): void;
}

export type Host = 'node' | 'reader';

const prefix = 'ndts-test-';
/** The same in every pair: they never meet. */
const addresses: Readonly<Record<Host, string>> = { node: '10.99.0.1', reader: '10.99.0.2' };

function ip(...args: string[]): string {
  return execFileSync('ip', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

let made = 0;

export class NetworkLink {
  readonly #names: Readonly<Record<Host, string>>;

  private constructor(name: string) {
    this.#names = { node: `${name}-node`, reader: `${name}-reader` };
  }

  /** Undefined where this machine does not let us have one: the test has been skipped then. */
  static make(test: Cleanup): NetworkLink | undefined {
    made += 1;
    const link = new NetworkLink(`${prefix}${process.pid}-${made}`);
    try {
      removeAbandoned();
      link.#lay();
    } catch (error) {
      link.remove();
      const { stderr, message } = error as { stderr?: string; message: string };
      const why = `no network namespaces here: ${(stderr ?? message).trim()}`;
      // ambient: what the machine is, which no test can find out
      if (process.env['NDTS_TEST_ONE_HOST'] === '1') test.diagnostic(`not tested: ${why}`);
      else test.skip(`${why}; NDTS_TEST_ONE_HOST=1 says that this machine can't`);
      return undefined;
    }
    test.after(() => link.remove());
    return link;
  }

  address(host: Host): string {
    return addresses[host];
  }

  /** Of its namespace. */
  name(host: Host): string {
    return this.#names[host];
  }

  remove(): void {
    for (const name of Object.values(this.#names)) removeNamespace(name);
  }

  #lay(): void {
    const { node, reader } = this.#names;
    ip('netns', 'add', node);
    ip('netns', 'add', reader);
    ip(
      '-n',
      node,
      'link',
      'add',
      'link0',
      'type',
      'veth',
      'peer',
      'name',
      'link0',
      'netns',
      reader,
    );
    for (const [host, name] of Object.entries(this.#names)) {
      ip('-n', name, 'addr', 'add', `${addresses[host as Host]}/24`, 'dev', 'link0');
      ip('-n', name, 'link', 'set', 'lo', 'up');
      ip('-n', name, 'link', 'set', 'link0', 'up');
    }
  }
}

/** A Node program with an IPC channel in the namespace `name`. */
export function forkOn(
  name: string,
  script: string,
  args: readonly string[],
  nodeArgs: readonly string[] = [],
): ChildProcess {
  return fork(script, args, {
    execPath: 'ip',
    execArgv: ['netns', 'exec', name, process.execPath, ...nodeArgs],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    // A test program of its own, not a part of this one's report.
    env: { ...process.env, NODE_TEST_CONTEXT: undefined },
  });
}

/** Cuts or mends the cable at the end that the namespace `name` has; nobody is told. */
export function setLink(name: string, state: 'up' | 'down'): void {
  ip('-n', name, 'link', 'set', 'link0', state);
}

function removeNamespace(name: string): void {
  try {
    ip('netns', 'del', name);
  } catch {
    // It was never made.
  }
}

/** Of test processes that are gone. */
function removeAbandoned(): void {
  for (const line of ip('netns', 'list').split('\n')) {
    const [name = ''] = line.split(' ');
    const owner = Number(new RegExp(`^${prefix}(\\d+)-`).exec(name)?.[1]);
    if (owner > 0 && !isAlive(owner)) removeNamespace(name);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
