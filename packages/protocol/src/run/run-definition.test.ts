import { describe, expect, it } from 'vitest';
import { ConnitoError } from '../errors.ts';
import example from '../fixtures/run-definition.json' with { type: 'json' };
import { differingFields } from './differing-fields.ts';
import {
  decodeRunDefinition,
  encodeRunDefinition,
  parseRunDefinition,
  runIdOf,
} from './parse-run-definition.ts';

type Example = typeof example;

function messageAfter(change: (definition: Example) => void): string {
  const definition = structuredClone(example);
  change(definition);
  try {
    parseRunDefinition(definition);
  } catch (error) {
    if (error instanceof ConnitoError && error.code === 'invalid_run_definition') return error.message;
    throw error;
  }
  return 'accepted';
}

describe('run definition', () => {
  const definition = parseRunDefinition(example);

  it('keeps its id through its canonical bytes', () => {
    expect(runIdOf(decodeRunDefinition(encodeRunDefinition(definition)))).toBe(runIdOf(definition));
    expect(runIdOf(definition)).toBe('d172aed9f0bd444fd7ba8b3a4f58f51cb49ddce162db69c3bc5fa0cafc91ca02');
  });

  it('gives another id to any change', () => {
    const other = { ...definition, merge: { ...definition.merge, maxUpdates: 9 } };
    expect(runIdOf(other)).not.toBe(runIdOf(definition));
  });

  it.each<[string, (definition: Example) => void]>([
    ['groups[].id: "law" appears more than once', (d) => (d.groups[1]!.id = 'law')],
    ['sources[].id: "law-test" appears', (d) => (d.sources[0]!.id = 'law-test')],
    ['trainingSource: there is no source "gone"', (d) => (d.groups[0]!.trainingSource = 'gone')],
    ['has role "held-out", not "training"', (d) => (d.groups[0]!.trainingSource = 'law-test')],
    ['is the same artifact as training source', (d) => (d.sources[1]!.artifact = d.sources[0]!.artifact)],
    ["is a group's own held-out source", (d) => (d.generalSources = ['law-test'])],
    ['the group has no experts', (d) => (d.groups[0]!.experts = {} as never)],
    ['the base model has 2 layers', (d) => (d.groups[0]!.experts = { '2': [0] } as never)],
    ['expert 4 does not exist', (d) => (d.groups[0]!.experts['0'] = [4])],
    ['already belongs to group "law"', (d) => (d.groups[1]!.experts['1'] = [2])],
    ['0.7 + 0.300000000000000001 does not sum', (d) => (d.groups[1]!.emissionShare = '0.300000000000000001')],
    ['scoring.falseRewardRate: 0 is not above 0', (d) => (d.scoring.falseRewardRate = '0')],
    ['merge.scales[1]: 1 is not smaller', (d) => (d.merge.scales = ['1', '1'])],
    [
      'validators.stateQuorum: 1/3 is not at least one half',
      (d) => (d.validators.stateQuorum.denominator = 3),
    ],
    ['200 documents cannot give 201 sequences', (d) => (d.scoring.domainSequences = 201)],
    [
      'half of 900 come from 1 other groups',
      (d) => Object.assign(d.scoring, { domainSequences: 100, generalSequences: 900 }),
    ],
    ['schedule.genesisBlock: ', (d) => (d.schedule.genesisBlock = 0)],
    ['a plain decimal string', (d) => (d.inner.learningRate = '1e-3')],
    ['codec.errorFeedback.decay: 1.1 is above 1', (d) => (d.codec.errorFeedback.decay = '1.1')],
    ['pile up without bound', (d) => (d.codec.errorFeedback.rejected = 'delta')],
    [
      'codec.kept: 65 of a chunk of 64 values cannot be sent',
      (d) => Object.assign(d.codec, { kind: 'top-k', chunk: 64, kept: 65, bits: 2 }),
    ],
    ['bytes, 100 are allowed', (d) => (d.codec.maxBundleBytes = 100)],
    ['codec.bits: ', (d) => Object.assign(d.codec, { kind: 'top-k', chunk: 64, kept: 6, bits: 9 })],
    ['codec.kept: ', (d) => Object.assign(d.codec, { kind: 'top-k', chunk: 64, bits: 2 })],
    ['Unrecognized key', (d) => Object.assign(d.codec, { chunk: 64 })],
    ['schedule.evaluate: ', (d) => (d.schedule.evaluate = 1)],
    ['baseModel.files.0.path', (d) => (d.baseModel.files[0]!.path = '../config.json')],
    ['Unrecognized key', (d) => Object.assign(d, { surprise: 1 })],
  ])('refuses with "%s"', (message, change) => {
    expect(messageAfter(change)).toContain(message);
  });
});

describe('differing fields', () => {
  it('names what differs by dotted paths and entry ids', () => {
    const other = structuredClone(example);
    other.groups[1]!.emissionShare = '0.4';
    other.groups[0]!.experts['0'] = [0];
    other.schedule.train = 11;
    other.merge.scales.push('0.0625');
    expect(differingFields(example, other)).toEqual([
      'groups.code.emissionShare',
      'groups.law.experts.0.1',
      'merge.scales.4',
      'schedule.train',
    ]);
    expect(differingFields(example, structuredClone(example))).toEqual([]);
  });
});
