import { describe, expect, it } from 'vitest';
import { exampleFacts } from '../testing/example-package.ts';
import { requireHelpful } from './measure-experts.ts';

/** The example's figures with other gains on its own domain and on general text. */
function evaluation(own: number, general: number) {
  const { sequenceTokens, measurements } = exampleFacts().evaluation;
  return {
    sequenceTokens,
    measurements: measurements.map((row) => ({ ...row, gainNanoNats: row.role === 'own' ? own : general })),
  };
}

describe('the gate before packaging', () => {
  it('lets through what helps its domain and costs general text no more than the bound', () => {
    // The base's general loss is 3.8025 nats, so half a percent is 19.0125 millinats.
    expect(() => requireHelpful(evaluation(1, -19_012_500), 0.005)).not.toThrow();
    expect(() => requireHelpful(evaluation(1, 50_000_000), 0.005)).not.toThrow();
  });

  it('refuses what does not help its own domain', () => {
    for (const own of [0, -1]) {
      expect(() => requireHelpful(evaluation(own, 0), 0.005)).toThrow(
        expect.objectContaining({ code: 'package_harmful' }),
      );
    }
  });

  it('refuses what costs general text more, and says how much', () => {
    expect(() => requireHelpful(evaluation(1, -19_012_501), 0.005)).toThrow(
      expect.objectContaining({ code: 'package_harmful', message: expect.stringContaining('0.50 %') }),
    );
  });
});
