import { bundleLayout } from '../codec/bundle-layout.ts';
import { DECIMAL_ONE, decimalUnits } from '../encoding/decimal.ts';
import { groupTensors } from '../tensor/expert-tensors.ts';
import type { ExpertGroup, RunDefinition } from './run-definition.ts';

/** What is wrong between fields that are each well-formed: one sentence per fault, naming path and value. */
export function contradictionsIn(definition: RunDefinition): string[] {
  return [
    ...duplicateNames(definition),
    ...brokenReferences(definition),
    ...expertFaults(definition),
    ...emissionFaults(definition.groups),
    ...fractionFaults(definition),
    ...codecFaults(definition),
    ...limitFaults(definition),
  ];
}

function* duplicateNames({ groups, sources, baseModel, generalSources, reportingSources }: RunDefinition) {
  yield* repeats(
    'groups[].id',
    groups.map((group) => group.id),
  );
  yield* repeats(
    'sources[].id',
    sources.map((source) => source.id),
  );
  yield* repeats(
    'baseModel.files[].path',
    baseModel.files.map((file) => file.path),
  );
  yield* repeats('generalSources', generalSources);
  yield* repeats('reportingSources', reportingSources ?? []);
}

function* repeats(path: string, values: readonly (string | number)[]) {
  const seen = new Set<string | number>();
  for (const value of values) {
    if (seen.has(value)) yield `${path}: ${JSON.stringify(value)} appears more than once.`;
    seen.add(value);
  }
}

function* brokenReferences(definition: RunDefinition) {
  const sources = new Map(definition.sources.map((source) => [source.id, source]));
  const trainedArtifacts = new Map(
    definition.groups.map((group) => [sources.get(group.trainingSource)?.artifact, group.trainingSource]),
  );
  function* check(path: string, id: string, role: string) {
    const source = sources.get(id);
    if (source === undefined) yield `${path}: there is no source "${id}".`;
    else if (source.role !== role) yield `${path}: source "${id}" has role "${source.role}", not "${role}".`;
    else if (role !== 'training' && trainedArtifacts.has(source.artifact)) {
      yield `${path}: source "${id}" is the same artifact as training source "${trainedArtifacts.get(source.artifact)}".`;
    }
  }
  const groupHeldOut = new Set(definition.groups.map((group) => group.heldOutSource));
  for (const group of definition.groups) {
    yield* check(`groups.${group.id}.trainingSource`, group.trainingSource, 'training');
    yield* check(`groups.${group.id}.heldOutSource`, group.heldOutSource, 'held-out');
  }
  for (const [i, id] of definition.generalSources.entries()) {
    yield* check(`generalSources[${i}]`, id, 'held-out');
    if (groupHeldOut.has(id)) yield `generalSources[${i}]: source "${id}" is a group's own held-out source.`;
  }
  for (const [i, id] of (definition.reportingSources ?? []).entries()) {
    yield* check(`reportingSources[${i}]`, id, 'reporting');
  }
}

function* expertFaults({ groups, baseModel: { architecture } }: RunDefinition) {
  const owners = new Map<string, string>();
  for (const group of groups) {
    const layers = Object.entries(group.experts);
    if (layers.length === 0) yield `groups.${group.id}.experts: the group has no experts.`;
    for (const [layer, experts] of layers) {
      const path = `groups.${group.id}.experts.${layer}`;
      if (Number(layer) >= architecture.numHiddenLayers) {
        yield `${path}: the base model has ${architecture.numHiddenLayers} layers.`;
      }
      yield* repeats(path, experts);
      for (const expert of new Set(experts)) {
        if (expert >= architecture.numExperts) {
          yield `${path}: expert ${expert} does not exist; a layer has ${architecture.numExperts}.`;
        }
        const key = `${layer}/${expert}`;
        const owner = owners.get(key);
        if (owner !== undefined) yield `${path}: expert ${expert} already belongs to group "${owner}".`;
        owners.set(key, group.id);
      }
    }
  }
}

function* emissionFaults(groups: readonly ExpertGroup[]) {
  const sum = groups.reduce((total, group) => total + decimalUnits(group.emissionShare), 0n);
  if (sum !== DECIMAL_ONE) {
    const shares = groups.map((group) => group.emissionShare).join(' + ');
    yield `groups[].emissionShare: ${shares} does not sum to exactly 1.`;
  }
}

function* fractionFaults({ scoring, duplicates, merge, inner, validators, emission }: RunDefinition) {
  const within = (text: string, above: bigint, upTo: bigint) =>
    decimalUnits(text) > above && decimalUnits(text) <= upTo;
  const half = DECIMAL_ONE / 2n;

  if (!within(scoring.falseRewardRate, 0n, half)) {
    yield `scoring.falseRewardRate: ${scoring.falseRewardRate} is not above 0 and at most 0.5.`;
  }
  const thresholds = {
    maxCosine: duplicates.maxCosine,
    maxResponseCosine: duplicates.maxResponseCosine,
    maxPartialExcess: duplicates.maxPartialExcess,
    maxFunctionalCorrelation: duplicates.maxFunctionalCorrelation,
    supportingCosine: duplicates.supportingCosine,
  };
  for (const [field, value] of Object.entries(thresholds)) {
    if (!within(value, 0n, DECIMAL_ONE)) yield `duplicates.${field}: ${value} is not above 0 and at most 1.`;
  }
  for (const field of ['beta1', 'beta2'] as const) {
    if (decimalUnits(inner[field]) >= DECIMAL_ONE) yield `inner.${field}: ${inner[field]} is not below 1.`;
  }
  for (const field of ['learningRate', 'epsilon', 'clipNorm', 'maxTravel'] as const) {
    if (decimalUnits(inner[field]) === 0n) yield `inner.${field}: must be above 0.`;
  }
  if (decimalUnits(merge.hostileFraction) >= half)
    yield `merge.hostileFraction: ${merge.hostileFraction} is not below 0.5.`;
  if (decimalUnits(merge.outerMomentum) >= DECIMAL_ONE) {
    yield `merge.outerMomentum: ${merge.outerMomentum} is not below 1.`;
  }
  for (const field of ['outerLearningRate', 'clipNormFactor', 'maxNormRatio'] as const) {
    if (decimalUnits(merge[field]) === 0n) yield `merge.${field}: must be above 0.`;
  }
  if (decimalUnits(emission.marginalWeight) > DECIMAL_ONE)
    yield `emission.marginalWeight: ${emission.marginalWeight} is above 1.`;
  for (const [i, scale] of merge.scales.entries()) {
    const previous = merge.scales[i - 1];
    if (!within(scale, 0n, DECIMAL_ONE)) yield `merge.scales[${i}]: ${scale} is not above 0 and at most 1.`;
    if (previous !== undefined && decimalUnits(scale) >= decimalUnits(previous)) {
      yield `merge.scales[${i}]: ${scale} is not smaller than ${previous} before it.`;
    }
  }
  for (const [field, { numerator, denominator }] of Object.entries(validators)) {
    if (2 * numerator < denominator || numerator >= denominator) {
      yield `validators.${field}: ${numerator}/${denominator} is not at least one half and below 1.`;
    }
  }
}

function* codecFaults({ codec, groups, baseModel }: RunDefinition) {
  const { decay, rejected, void: afterVoid } = codec.errorFeedback;
  if (decimalUnits(decay) > DECIMAL_ONE) yield `codec.errorFeedback.decay: ${decay} is above 1.`;
  if (decimalUnits(decay) === DECIMAL_ONE && (rejected === 'delta' || afterVoid === 'delta')) {
    yield `codec.errorFeedback.decay: 1 lets whole deltas pile up without bound in a row of rejected or void rounds; choose less than 1.`;
  }
  if (codec.kind === 'top-k' && codec.kept > codec.chunk) {
    yield `codec.kept: ${codec.kept} of a chunk of ${codec.chunk} values cannot be sent.`;
    return;
  }
  for (const group of groups) {
    const { bytes } = bundleLayout(codec, groupTensors(group, baseModel.architecture));
    if (bytes > codec.maxBundleBytes) {
      yield `codec.maxBundleBytes: a bundle of group "${group.id}" has ${bytes} bytes, ${codec.maxBundleBytes} are allowed.`;
    }
  }
}

function* limitFaults(definition: RunDefinition) {
  const { scoring, inner } = definition;
  const sources = new Map(definition.sources.map((source) => [source.id, source]));
  if (scoring.futilityAfter > scoring.domainSequences) {
    yield `scoring.futilityAfter: ${scoring.futilityAfter} exceeds domainSequences ${scoring.domainSequences}.`;
  }
  if (inner.warmupSteps > inner.steps) {
    yield `inner.warmupSteps: ${inner.warmupSteps} exceeds steps ${inner.steps}.`;
  }
  for (const group of definition.groups) {
    const documents = sources.get(group.heldOutSource)?.documents ?? Number.POSITIVE_INFINITY;
    if (documents < scoring.domainSequences) {
      yield `groups.${group.id}.heldOutSource: ${documents} documents cannot give ${scoring.domainSequences} sequences of different documents.`;
    }
  }
  const others = definition.groups.length - 1;
  const fromEach = others === 0 ? 0 : Math.floor(scoring.generalSequences / 2 / others);
  if (fromEach > scoring.domainSequences) {
    yield `scoring.generalSequences: half of ${scoring.generalSequences} come from ${others} other groups' draws, which needs ${fromEach} of each, but domainSequences is ${scoring.domainSequences}; use at most ${2 * others * scoring.domainSequences}.`;
  }
  const general = definition.generalSources.reduce((sum, id) => sum + (sources.get(id)?.documents ?? 0), 0);
  if (general < scoring.generalSequences) {
    yield `generalSources: ${general} documents cannot give ${scoring.generalSequences} sequences of different documents.`;
  }
}
