// Arrow IPC as one of the formats that are imported. Loaded when such a file is opened.

import { stat } from 'node:fs/promises';
import type { ValueTypeName } from '@ndts/protocol';
import { DataType } from 'apache-arrow';
import { ArrowSource, openArrowFile } from './arrow-source.js';
import { BatchFiller } from './batch-filler.js';
import type { CsvOptions } from './csv-options.js';
import { columnsOf, type ImportFormat, timeUnit } from './import-format.js';

export async function openArrow(path: string, options: CsvOptions): Promise<ImportFormat> {
  const { size } = await stat(path).catch(() => ({ size: 0 }));
  const file = await openArrowFile(path);
  return {
    names: file.fields.map((field) => field.name),
    columns: (taken) =>
      columnsOf(
        file.fields.map((field) => [field.name, arrowType(field.type as DataType)]),
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

function arrowType(type: DataType): ValueTypeName {
  if (DataType.isDictionary(type)) return arrowType(type.dictionary as DataType);
  if (DataType.isInt(type)) {
    const isSmall = type.bitWidth < 32 || (type.bitWidth === 32 && type.isSigned);
    return isSmall ? 'i32' : 'i64';
  }
  if (DataType.isFloat(type)) return type.ArrayType === Float32Array ? 'f32' : 'f64';
  if (DataType.isBool(type)) return 'bool';
  return DataType.isBinary(type) || DataType.isLargeBinary(type) ? 'bytes' : 'text';
}
