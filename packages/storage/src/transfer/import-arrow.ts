// Arrow IPC as one of the formats that are imported. Loaded when such a file is opened.

import { stat } from 'node:fs/promises';
import type { DataType } from 'apache-arrow';
import { arrowKind, ArrowSource, openArrowFile } from './arrow-source.js';
import { BatchFiller } from './batch-filler.js';
import type { CsvOptions } from './csv-options.js';
import { columnsOf, type ImportFormat, timeUnit } from './import-format.js';

export async function openArrow(path: string, options: CsvOptions): Promise<ImportFormat> {
  const { size } = await stat(path).catch(() => ({ size: 0 }));
  const file = await openArrowFile(path);
  const names = file.fields.map((field) => field.name);
  const kinds = file.fields.map((field) => arrowKind(field.type as DataType));
  const unreadable = new Map(
    file.fields.flatMap((field, at) =>
      kinds[at] === undefined ? [[at, String(field.type)] as const] : [],
    ),
  );
  return {
    names,
    unreadable,
    columns: (taken) =>
      columnsOf(
        kinds.map((kind, at) => [names[at] ?? '', kind]),
        taken,
      ),
    source: (schema, map, ensure, from) =>
      new ArrowSource(
        file,
        new BatchFiller(schema, map, ensure, timeUnit(options)),
        from?.offset ?? 0,
        size,
      ),
    close: async () => {
      await file.reader.cancel();
      await file.handle.close().catch(() => undefined);
    },
  };
}
