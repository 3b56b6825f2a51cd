// Whether the long forms of tests run: more rounds of what is proven with fewer each time. Set
// NDTS_TEST_LONG=1 for them.

export const longRun = process.env['NDTS_TEST_LONG'] === '1';
