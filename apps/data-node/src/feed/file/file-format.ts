// The formats of files that are replayed, and which of them a file has. Always: a file is
// recognised by its name and its first record; what is not recognised is refused, never guessed.

import { NdtsError } from '@ndts/protocol';
import type { EnsureSymbols } from '@ndts/storage';
import { barsFormat, klinesFormat } from './bars-format.js';
import { aggTradesFormat, bookTickerFormat, tradesFormat } from './binance-format.js';
import { ctpFormat } from './ctp-format.js';
import { type FileBeginning, readBeginning } from './file-beginning.js';
import { lobsterFormat } from './lobster-format.js';
import type { RecordSource } from './record-source.js';
import { ticksFormat } from './ticks-format.js';

export const fileFormatNames = [
  'lobster',
  'ctp',
  'binance-aggtrades',
  'binance-trades',
  'binance-bookticker',
  'binance-klines',
  'bars',
  'ticks',
] as const;

export type FileFormatName = (typeof fileFormatNames)[number];

export interface FileFormatOptions {
  readonly ensure: EnsureSymbols;
  readonly chunkRows: number;
  /** Of files that do not name one. */
  readonly symbol?: string | undefined;
  /** What times without an offset are ahead of UTC; CTP has +08:00 whatever is said here. */
  readonly utcOffset?: string | undefined;
  /** Of bars whose length their times do not tell. */
  readonly barSeconds?: number | undefined;
}

export interface FileFormat {
  readonly name: FileFormatName;
  readonly trades: boolean;
  readonly book: boolean;
  matches(beginning: FileBeginning): boolean;
  open(beginning: FileBeginning, options: FileFormatOptions): Promise<RecordSource>;
}

/** The order in which they are tried. */
export const fileFormats: readonly FileFormat[] = [
  lobsterFormat,
  ctpFormat,
  aggTradesFormat,
  tradesFormat,
  bookTickerFormat,
  klinesFormat,
  barsFormat,
  ticksFormat,
];

export async function recogniseFile(
  path: string,
  said: FileFormatName | undefined,
  name?: string,
): Promise<{ readonly beginning: FileBeginning; readonly format: FileFormat }> {
  const beginning = await readBeginning(path, name);
  const format = fileFormats.find((one) =>
    said === undefined ? one.matches(beginning) : one.name === said,
  );
  if (format !== undefined) return { beginning, format };
  throw new NdtsError(
    'INVALID_ARGUMENT',
    `${path}: its format was not recognised (its first record: ` +
      `${beginning.first.slice(0, 8).join(',').slice(0, 200)}); ` +
      `say one of ${fileFormatNames.join(', ')}`,
  );
}
