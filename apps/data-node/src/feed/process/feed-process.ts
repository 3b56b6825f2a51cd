// The process of a feed as the node holds it. Always: it inherits nothing but its pipe and where
// its complaints go, has no environment but where certificates are, and a heap limit; it is
// signalled by its own handle only.

import { spawn } from 'node:child_process';
import type { Duplex } from 'node:stream';

export interface FeedProcessEvents {
  data(chunk: Buffer): void;
  /** Exactly once, behind all data; also when it could not be started at all. */
  ended(how: string): void;
}

export interface FeedProcess {
  readonly pid: number | undefined;
  write(frame: Buffer): void;
  /** Reading stops, so that the process has to wait. */
  pause(): void;
  resume(): void;
  /** Tells it to end. */
  end(): void;
  kill(): void;
}

export type StartFeedProcess = (events: FeedProcessEvents) => FeedProcess;

const complaintBytesMax = 2000;
const pipeNumber = 3;

/** @param main the file it runs */
export function feedProcess(main: string, memoryMb: number): StartFeedProcess {
  return (events) => {
    // ambient: the child runs on the very Node this process runs on, and watches this process
    const { execPath: node, pid, env } = process;
    const certificates = env['NODE_EXTRA_CA_CERTS'];
    const child = spawn(node, [`--max-old-space-size=${memoryMb}`, main, String(pid)], {
      env: certificates === undefined ? {} : { NODE_EXTRA_CA_CERTS: certificates },
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    });
    let complaint = '';
    child.stderr?.setEncoding('utf8');
    child.stderr?.on('data', (text: string) => {
      complaint = (complaint + text).slice(-complaintBytesMax);
    });
    let hasEnded = false;
    const ended = (how: string): void => {
      if (hasEnded) return;
      hasEnded = true;
      const last = complaint.trim().split('\n').at(-1) ?? '';
      events.ended(last === '' ? how : `${how}: ${last}`);
    };
    const pipe = child.stdio[pipeNumber] as Duplex | undefined;
    pipe?.on('data', (chunk: Buffer) => events.data(chunk));
    pipe?.on('error', () => undefined); // the end follows
    child.on('error', (error) => {
      // An error with a pid is a failed kill; the end follows by itself.
      if (child.pid === undefined) ended(`could not be started: ${error.message}`);
    });
    child.on('close', (code, signal) => {
      ended(signal === null ? `exit code ${code}` : `signal ${signal}`);
    });
    return {
      pid: child.pid,
      write: (frame) => void (pipe?.writable === true && pipe.write(frame)),
      pause: () => void pipe?.pause(),
      resume: () => void pipe?.resume(),
      end: () => void pipe?.end(),
      kill: () => void child.kill('SIGKILL'),
    };
  };
}
