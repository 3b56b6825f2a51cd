// The structured log: one JSON object per line, by pino, to standard error or to a file of the data
// folder. Always: nothing named like a secret is written, and a log that cannot be written (a full
// disk) never stops the node.

import { mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Clock, NdtsError, timeText } from '@ndts/protocol';
import { type Logger, destination as openDestination, pino, stdTimeFunctions } from 'pino';

export type { Logger } from 'pino';

export interface LoggerOptions {
  readonly level: string;
  /** 'stderr', or the path of a file that is appended to. */
  readonly destination: string;
  /** Stamps the lines; absent: the system's wall clock. */
  readonly clock?: Clock;
}

const standardError = 2;
const secretPaths = ['token', 'password', 'secret', 'authorization', 'cookie'];

export function createLogger(options: LoggerOptions): Logger {
  const toStandardError = options.destination === 'stderr';
  const descriptor = toStandardError ? standardError : openLogFile(options.destination);
  const stream = openDestination({ dest: descriptor, sync: false });
  // Without a listener a failed write would end the process.
  stream.on('error', () => undefined);
  const clock = options.clock;
  return pino(
    {
      level: options.level,
      base: null,
      redact: {
        paths: secretPaths.flatMap((name) => [name, `*.${name}`]),
        censor: '***',
      },
      timestamp:
        clock === undefined ? stdTimeFunctions.isoTime : () => `,"time":"${timeText(clock.now())}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    stream,
  );
}

/** For tests: takes everything, writes nothing. */
export function createSilentLogger(): Logger {
  return pino({ level: 'silent', base: null });
}

/** Resolves when what was logged so far is handed to the operating system. */
export function flushLogger(logger: Logger): Promise<void> {
  return new Promise((resolve) => {
    logger.flush(() => resolve());
  });
}

function openLogFile(path: string): number {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const descriptor = openSync(path, 'a', 0o600);
    return descriptor;
  } catch (error) {
    throw new NdtsError('IO_ERROR', `cannot open the log file ${path}: ${String(error)}`, {
      cause: error,
    });
  }
}
