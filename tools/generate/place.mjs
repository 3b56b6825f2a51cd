// Gives every field of every layout its offset, and refuses a layout that is not aligned, not of
// its stated size, or names a type that does not exist.

const scalars = { u8: 1, i8: 1, u16: 2, u32: 4, i32: 4, u64: 8, i64: 8, f64: 8 };

export function placeLayouts(layouts) {
  const known = new Map();
  const placed = [];
  for (const layout of layouts) {
    let offset = 0;
    let alignment = 1;
    const fields = layout.fields.map((field) => {
      const { bytes, align } = sizeOf(field.type, known, layout.name);
      if (offset % align !== 0)
        throw new Error(`${layout.name}.${field.name}: offset ${offset} not aligned to ${align}`);
      const result = { ...field, offset, bytes };
      offset += bytes;
      alignment = Math.max(alignment, align);
      return result;
    });
    if (offset !== layout.size)
      throw new Error(`${layout.name}: declared ${layout.size} bytes, fields take ${offset}`);
    if (offset % alignment !== 0)
      throw new Error(`${layout.name}: size ${offset} not a multiple of its alignment`);
    if (known.has(layout.name)) throw new Error(`${layout.name}: declared twice`);
    known.set(layout.name, { bytes: offset, align: alignment });
    placed.push({ ...layout, fields });
  }
  return placed;
}

function sizeOf(type, known, where) {
  const scalar = scalars[type];
  if (scalar !== undefined) return { bytes: scalar, align: scalar };
  const array = /^bytes\[(\d+)\]$/.exec(type);
  if (array) return { bytes: Number(array[1]), align: 1 };
  const layout = known.get(type);
  if (layout === undefined) throw new Error(`${where}: unknown type ${type}`);
  return layout;
}
