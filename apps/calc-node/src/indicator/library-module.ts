// The package technicalindicators as far as it is used here, and how it is loaded. It is optional:
// where it is not installed everything else works, and who asks for it is told how to get it.

import { NdtsError } from '@ndts/protocol';

/** What an indicator says of a row; undefined: nothing yet. */
export type LibraryValue =
  | number
  | boolean
  | Readonly<Record<string, number | undefined>>
  | undefined;

export interface LibraryStream {
  nextValue(row: number | Readonly<Record<string, number>>, second?: number): LibraryValue;
}

export type LibraryClass = new (input: Readonly<Record<string, unknown>>) => LibraryStream;
export type LibraryFunction = (input: unknown, second?: number) => unknown;

export type LibraryModule = Readonly<Record<string, unknown>>;

const libraryName = 'technicalindicators';

/** Throws NOT_FOUND where it is not installed. */
export async function loadLibrary(name: string = libraryName): Promise<LibraryModule> {
  try {
    return (await import(name)) as LibraryModule;
  } catch (cause) {
    const text = 'its indicators need the package technicalindicators, which is not installed';
    throw new NdtsError('NOT_FOUND', `${text}: npm install technicalindicators@3.1.0`, { cause });
  }
}
