// Runs one child process in a process group of its own. Why: a tool that fails, hangs or is
// interrupted must leave nothing behind. Whatever happens, the whole group is gone when the
// promise settles; it never rejects, what went wrong is in the result.

import { spawn } from 'node:child_process';
import { once } from 'node:events';

const keptCharacters = 4_000_000;
const running = new Set();

/** Signals every process of the group; a group that is gone already is fine. */
function signalGroup(pid, signal) {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if (error.code !== 'ESRCH' && error.code !== 'EPERM') throw error;
  }
}

/** Ends every group that is still running; for a handler of SIGINT and SIGTERM. */
export function endAll() {
  for (const pid of running) signalGroup(pid, 'SIGKILL');
  running.clear();
}

/** Ctrl-C and termination end the children first. Call once, from a command's main. */
export function endAllOnSignals() {
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ]) {
    process.on(signal, () => {
      endAll();
      process.exit(code);
    });
  }
}

function startTimers(pid, limitSeconds, onLimit) {
  if (limitSeconds === undefined) return [];
  return [
    setTimeout(() => {
      onLimit();
      signalGroup(pid, 'SIGTERM');
    }, limitSeconds * 1000),
    setTimeout(() => signalGroup(pid, 'SIGKILL'), (limitSeconds + 5) * 1000),
  ];
}

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: Record<string, string | undefined>, limitSeconds?: number,
 *   onOutput?: (text: string) => void }} options
 * @returns {Promise<{ code: number, signal: string | null, timedOut: boolean, output: string,
 *   stdout: string }>} code is 127 when the command could not be started, 128 after a signal
 */
export async function runProcess(command, args, options = {}) {
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const result = { code: 127, signal: null, timedOut: false, output: '', stdout: '' };
  const keep = (text) => {
    result.output = (result.output + text).slice(-keptCharacters);
    options.onOutput?.(text);
  };
  child.stdout.setEncoding('utf8').on('data', (text) => {
    result.stdout += text;
    keep(text);
  });
  child.stderr.setEncoding('utf8').on('data', keep);
  if (child.pid === undefined) {
    const [error] = await once(child, 'error');
    result.output = `${command}: ${error.message}`;
    return result;
  }
  running.add(child.pid);
  const timers = startTimers(child.pid, options.limitSeconds, () => {
    result.timedOut = true;
  });
  const [code, signal] = await once(child, 'exit');
  // Whatever the command left in its group holds the pipes open: end it, then the pipes close.
  signalGroup(child.pid, 'SIGKILL');
  await closed(child);
  running.delete(child.pid);
  for (const timer of timers) clearTimeout(timer);
  result.code = code ?? 128;
  result.signal = signal;
  return result;
}

/** Waits for the end of the output, a second at most: a process that left the group may hold it. */
async function closed(child) {
  if (child.stdout.closed && child.stderr.closed) return;
  const ended = new AbortController();
  const timer = setTimeout(() => ended.abort(), 1000);
  try {
    await once(child, 'close', { signal: ended.signal });
  } catch {
    child.stdout.destroy();
    child.stderr.destroy();
  }
  clearTimeout(timer);
}
