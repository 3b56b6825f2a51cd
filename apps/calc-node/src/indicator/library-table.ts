// The indicators of technicalindicators 3.1.0 by its own names: what each takes and gives, and what
// to know of it. Its list of names also has crossover and FixedSizeLinkedList: the first does not
// exist in it, the second is no indicator.

export interface LibraryEntry {
  readonly name: string;
  /** A stream has a state for each symbol; the others are worked out from the last `rows` rows. */
  readonly kind: 'stream' | 'pattern' | 'levels' | 'renko' | 'profile';
  /** Its name in the module. */
  readonly member: string;
  /** Fields of a row. */
  readonly inputs: readonly string[];
  readonly parameters: Readonly<Record<string, number>>;
  readonly outputs: readonly string[];
  /** Rows it looks at; 0: it remembers by itself. */
  readonly rows: number;
  readonly note: string;
}

const rounded = 'rounded to two decimals by the library; the native one is exact';

function stream(
  name: string,
  member: string,
  inputs: readonly string[],
  parameters: Readonly<Record<string, number>>,
  outputs: readonly string[] = ['value'],
  note = '',
): LibraryEntry {
  return { name, kind: 'stream', member, inputs, parameters, outputs, rows: 0, note };
}

const value = ['value'];
const candle = ['high', 'low', 'close'];
const candleVolume = [...candle, 'volume'];
const period = (preset: number): { period: number } => ({ period: preset });

const streams: readonly LibraryEntry[] = [
  stream('sma', 'SMA', value, period(20)),
  stream('ema', 'EMA', value, period(20)),
  stream('wma', 'WMA', value, period(20)),
  stream('wema', 'WEMA', value, period(20)),
  stream(
    'macd',
    'MACD',
    value,
    { fastPeriod: 12, slowPeriod: 26, signalPeriod: 9, SimpleMAOscillator: 0, SimpleMASignal: 0 },
    ['MACD', 'signal', 'histogram'],
    'a signal of exactly 0 is missing',
  ),
  stream('rsi', 'RSI', value, period(14), value, `${rounded}; 100 for a flat series`),
  stream('bollingerbands', 'BollingerBands', value, { period: 20, stdDev: 2 }, [
    'pb',
    'middle',
    'upper',
    'lower',
  ]),
  stream('adx', 'ADX', candle, period(14), ['adx', 'pdi', 'mdi']),
  stream('atr', 'ATR', candle, period(14)),
  stream('truerange', 'TrueRange', candle, {}),
  stream('roc', 'ROC', value, period(12)),
  stream(
    'kst',
    'KST',
    value,
    {
      ROCPer1: 10,
      ROCPer2: 15,
      ROCPer3: 20,
      ROCPer4: 30,
      SMAROCPer1: 10,
      SMAROCPer2: 10,
      SMAROCPer3: 10,
      SMAROCPer4: 15,
      signalPeriod: 9,
    },
    ['kst', 'signal'],
  ),
  stream('psar', 'PSAR', ['high', 'low'], { step: 0.02, max: 0.2 }),
  stream('stochastic', 'Stochastic', candle, { period: 14, signalPeriod: 3 }, ['k', 'd']),
  stream('williamsr', 'WilliamsR', candle, period(14), value, 'nothing for a flat series'),
  stream('adl', 'ADL', candleVolume, {}),
  stream('obv', 'OBV', ['close', 'volume'], {}),
  stream('trix', 'TRIX', value, period(18)),
  stream('cci', 'CCI', candle, period(20)),
  stream('awesomeoscillator', 'AwesomeOscillator', ['high', 'low'], {
    fastPeriod: 5,
    slowPeriod: 34,
  }),
  stream('forceindex', 'ForceIndex', ['close', 'volume'], period(1)),
  stream('vwap', 'VWAP', candleVolume, {}, value, 'of all rows since the start'),
  stream('mfi', 'MFI', candleVolume, period(14), value, rounded),
  stream(
    'stochasticrsi',
    'StochasticRSI',
    value,
    { rsiPeriod: 14, stochasticPeriod: 14, kPeriod: 3, dPeriod: 3 },
    ['stochRSI', 'k', 'd'],
    'of a rounded rsi',
  ),
  stream('averagegain', 'AverageGain', value, period(14)),
  stream('averageloss', 'AverageLoss', value, period(14)),
  stream('sd', 'SD', value, period(20)),
  stream('highest', 'Highest', value, period(20)),
  stream('lowest', 'Lowest', value, period(20)),
  stream('sum', 'Sum', value, period(20)),
  stream('heikinashi', 'HeikinAshi', ['open', ...candleVolume], {}, [
    'close',
    'open',
    'high',
    'low',
  ]),
  stream(
    'ichimokucloud',
    'IchimokuCloud',
    ['high', 'low'],
    { conversionPeriod: 9, basePeriod: 26, spanPeriod: 52, displacement: 26 },
    ['conversion', 'base', 'spanA', 'spanB'],
  ),
  stream(
    'keltnerchannels',
    'KeltnerChannels',
    candle,
    { maPeriod: 20, atrPeriod: 10, useSMA: 0, multiplier: 1 },
    ['middle', 'upper', 'lower'],
  ),
  stream('chandelierexit', 'ChandelierExit', candle, { period: 22, multiplier: 3 }, [
    'exitLong',
    'exitShort',
  ]),
  stream('crossup', 'CrossUp', ['valueA', 'valueB'], {}, value, 'memory grows between crossings'),
  stream(
    'crossdown',
    'CrossDown',
    ['valueA', 'valueB'],
    {},
    value,
    'memory grows between crossings',
  ),
];

/** Candles that a pattern is of. */
const patternRows: Readonly<Record<string, number>> = {
  bullish: 5,
  bearish: 5,
  abandonedbaby: 3,
  doji: 1,
  bearishengulfingpattern: 2,
  bullishengulfingpattern: 2,
  darkcloudcover: 2,
  downsidetasukigap: 3,
  dragonflydoji: 1,
  gravestonedoji: 1,
  bullishharami: 2,
  bearishharami: 2,
  bullishharamicross: 2,
  bearishharamicross: 2,
  eveningdojistar: 3,
  eveningstar: 3,
  morningdojistar: 3,
  morningstar: 3,
  bullishmarubozu: 1,
  bearishmarubozu: 1,
  piercingline: 2,
  bullishspinningtop: 1,
  bearishspinningtop: 1,
  threeblackcrows: 3,
  threewhitesoldiers: 3,
  bullishhammerstick: 1,
  bearishhammerstick: 1,
  bullishinvertedhammerstick: 1,
  bearishinvertedhammerstick: 1,
  hammerpattern: 5,
  hammerpatternunconfirmed: 5,
  hangingman: 5,
  hangingmanunconfirmed: 5,
  shootingstar: 5,
  shootingstarunconfirmed: 5,
  tweezertop: 5,
  tweezerbottom: 5,
};

const patterns = Object.entries(patternRows).map(
  ([name, rows]): LibraryEntry => ({
    name,
    kind: 'pattern',
    member: name,
    inputs: ['open', ...candle],
    parameters: {},
    outputs: value,
    rows,
    note: '1 where the last candles are one, else 0',
  }),
);

/** Of fibonacciretracement, in the order of its levels. */
const levels = [0, 23.6, 38.2, 50, 61.8, 78.6, 100, 127.2, 161.8, 261.8, 423.6];

export const libraryEntries: readonly LibraryEntry[] = [
  ...streams,
  ...patterns,
  {
    name: 'fibonacciretracement',
    kind: 'levels',
    member: 'fibonacciretracement',
    inputs: ['start', 'end'],
    parameters: {},
    outputs: levels.map((level) => `level${level}`),
    rows: 1,
    note: 'of each row by itself',
  },
  {
    name: 'renko',
    kind: 'renko',
    member: 'renko',
    inputs: ['open', ...candleVolume],
    parameters: { brickSize: 1, rows: 100 },
    outputs: ['close', 'open', 'high', 'low'],
    rows: 100,
    note: 'the last brick of the last `rows` rows, worked out anew for each',
  },
  {
    name: 'volumeprofile',
    kind: 'profile',
    member: 'volumeprofile',
    inputs: ['open', ...candleVolume],
    parameters: { noOfBars: 14, rows: 100 },
    outputs: ['rangeStart', 'rangeEnd', 'bullishVolume', 'bearishVolume', 'totalVolume'],
    rows: 100,
    note: 'the range of most volume in the last `rows` rows, worked out anew for each',
  },
];

const byName = new Map(libraryEntries.map((entry) => [entry.name, entry]));

export function findLibraryEntry(name: string): LibraryEntry | undefined {
  return byName.get(name);
}
