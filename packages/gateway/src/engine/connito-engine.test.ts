import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { ConnitoEngine } from './connito-engine.ts';
import { describeInferenceEngine } from './inference-engine-contract.ts';

const MODEL = fileURLToPath(new URL('../../../../models/foundation', import.meta.url));
const options = { threads: 1, maxRunning: 8 };

describeInferenceEngine('our own engine', () =>
  ConnitoEngine.open({ ...options, source: { folder: MODEL, overlays: [] } }),
);

test('a folder without a model is refused with the reason', async () => {
  const opening = ConnitoEngine.open({ ...options, source: { folder: '/nonexistent', overlays: [] } });
  await expect(opening).rejects.toThrow('/nonexistent');
});
