// One set-up at a time per checkout. The lock is a file made exclusively, holding who made it; it
// is given up by removing it. A lock whose process is gone is taken over: it is renamed first, so
// that of several waiters exactly one takes it.

import {
  closeSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** A process id comes back some day; together with its start time it does not. */
function startTicks(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return '';
  }
}

function ownMark() {
  return `${process.pid} ${startTicks(process.pid)}`;
}

function isAlive(mark) {
  const [pid, ticks] = mark.split(' ');
  try {
    process.kill(Number(pid), 0);
  } catch (error) {
    if (error.code !== 'EPERM') return false;
  }
  return ticks === '' || startTicks(pid) === ticks;
}

function tryTake(path) {
  try {
    const file = openSync(path, 'wx');
    writeSync(file, ownMark());
    closeSync(file);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
}

function readMark(path) {
  try {
    const mark = readFileSync(path, 'utf8');
    // Empty: made this instant and not written yet, or its maker died in between.
    if (mark === '' && Date.now() - statSync(path).mtimeMs < 5000) return undefined;
    return mark;
  } catch {
    return undefined;
  }
}

function removeStale(path, mark) {
  const aside = `${path}.stale-${process.pid}`;
  try {
    renameSync(path, aside);
    // Somebody may have taken it over between our look and the rename: give it back.
    if (readFileSync(aside, 'utf8') !== mark) linkSync(aside, path);
  } catch (error) {
    if (error.code !== 'ENOENT' && error.code !== 'EEXIST') throw error;
  }
  rmSync(aside, { force: true });
}

/**
 * Waits for the lock and takes it.
 * @param {string} path
 * @param {(pid: string) => void} onWait called once when another process holds it
 * @returns {Promise<() => void>} gives it up
 */
export async function takeLock(path, onWait = () => {}) {
  mkdirSync(dirname(path), { recursive: true });
  let told = false;
  while (!tryTake(path)) {
    const mark = readMark(path);
    if (mark !== undefined && !isAlive(mark)) {
      removeStale(path, mark);
      continue;
    }
    if (!told && mark !== undefined) onWait(mark.split(' ')[0]);
    told ||= mark !== undefined;
    await delay(100);
  }
  let held = true;
  return () => {
    // Once only: afterwards the file may be somebody else's.
    if (held) rmSync(path, { force: true });
    held = false;
  };
}
