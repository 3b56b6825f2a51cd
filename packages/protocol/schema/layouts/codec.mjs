// Layouts of an encoded column: the header every codec shares and the parameters of each.
// docs/formats/codecs.md explains them.

/** @type {import('../types.mjs').Layout[]} */
export const codecLayouts = [
  {
    name: 'CodecHeader',
    size: 8,
    doc: 'The head of an encoded column.',
    fields: [
      { name: 'codec', type: 'u8', doc: 'a ColumnCodec' },
      { name: 'version', type: 'u8', doc: 'format version of the codec, 1' },
      { name: 'type', type: 'u8', doc: 'a ColumnType' },
      { name: 'parameter', type: 'u8', doc: 'meaning per codec, else zero' },
      { name: 'count', type: 'u32', doc: 'values in the column' },
    ],
  },
  {
    name: 'CodecScale',
    size: 16,
    doc: 'Follows the header when bit 7 of its parameter is set: value = offset + scale * coded.',
    fields: [
      { name: 'scale', type: 'u64', doc: 'greatest common divisor of the differences' },
      { name: 'offset', type: 'i64', doc: 'what every value leaves when divided by scale' },
    ],
  },
  {
    name: 'FrameVector',
    size: 16,
    doc: 'The head of up to 1024 integers: a transform, a width, and outliers beside it.',
    fields: [
      { name: 'base', type: 'i64', doc: 'reference, or the value before the first' },
      { name: 'step', type: 'i32', doc: 'added to every packed value; zero for the reference' },
      { name: 'patches', type: 'u16', doc: 'outliers, and 4096 * log2 of the bytes of each' },
      { name: 'transform', type: 'u8', doc: 'a FrameTransform; 128 is set when an i64 follows' },
      { name: 'width', type: 'u8', doc: 'bits of a packed value, 0 to 64' },
    ],
  },
  {
    name: 'CodecCount',
    size: 8,
    doc: 'How many exceptions, runs or dictionary entries the column has.',
    fields: [
      { name: 'count', type: 'u32', doc: 'how many' },
      { name: 'reserved', type: 'u32', doc: 'zero' },
    ],
  },
  {
    name: 'FrontBits',
    size: 24,
    doc: 'Parameters of ALP_RD: the front bits of a double come from a dictionary.',
    fields: [
      { name: 'rightBits', type: 'u8', doc: 'bits packed as they are, 48 to 63' },
      { name: 'codeBits', type: 'u8', doc: 'bits of a place in the dictionary, 0 to 3' },
      { name: 'reserved', type: 'bytes[2]', doc: 'zero' },
      { name: 'exceptions', type: 'u32', doc: 'values whose front bits are not in it' },
      { name: 'dictionary', type: 'bytes[16]', doc: 'eight u16 front bits; unused ones zero' },
    ],
  },
];
