import { trainingBatches } from '@connito/model';
import {
  type AcceptedUpdate,
  carriedResidual,
  decimalNumber,
  decodeDelta,
  encodeDelta,
  type GroupState,
  mergeDelta,
  outerStep,
  SeededRandom,
  type TensorMap,
  taggedHash,
  type Uid,
  utf8,
} from '@connito/protocol';
import { LOCAL_PARAMETERS } from '@connito/run';
import { SEQUENCE_TOKENS, SEQUENCES_PER_STEP, type Setting } from './setting.ts';
import type { Variant } from './variants.ts';

export type Measurement = {
  /** Rounds done before it. */
  readonly round: number;
  /** Of each held-out sequence, nats per token. */
  readonly losses: readonly number[];
};

export type Training = {
  readonly variant: string;
  readonly seed: number;
  readonly bytesPerMinerAndRound: number;
  readonly measurements: readonly Measurement[];
  /** Norm of what the first miner carries after each measured round, over the norm of that round's delta. */
  readonly carriedRatios: readonly number[];
  readonly cpuSeconds: number;
};

/**
 * Trains one group by rounds of real inner steps, encoding, merging and outer steps. All updates are accepted with equal
 * scores and the full step: what is compared is what the encoding alone does to learning. The order of the data depends on
 * seed, round and miner only, so variants of one seed are pairs.
 */
export async function simulate(
  setting: Setting,
  variant: Variant,
  seed: number,
  options: { readonly miners: number; readonly measureAfter: readonly number[] },
): Promise<Training> {
  const startedAt = process.cpuUsage();
  const { host, trained, heldOut } = setting;
  const { inner, merge } = LOCAL_PARAMETERS;
  const parameters = host.baseParameters(trained);
  const momentum = new Map(
    [...parameters].map(([name, { shape, data }]) => [name, { shape, data: new Float32Array(data.length) }]),
  );
  let state: GroupState = { parameters, momentum };
  const carried: (TensorMap | null)[] = Array.from({ length: options.miners }, () => null);
  const measurements: Measurement[] = [];
  const carriedRatios: number[] = [];
  let bytes = 0;
  const lastRound = Math.max(...options.measureAfter);
  for (let round = 0; ; round++) {
    host.setState(state.parameters);
    if (options.measureAfter.includes(round)) {
      const losses = await host.measure(heldOut);
      measurements.push({ round, losses: [...losses].map((loss) => Math.round(loss * 1e6) / 1e6) });
    }
    if (round === lastRound) break;
    const shares = sharesOf(setting, seed, round, options.miners);
    const updates: AcceptedUpdate[] = [];
    for (const [miner, documents] of shares.entries()) {
      const stream = trainingBatches(setting.training, documents, {
        sequencesPerStep: SEQUENCES_PER_STEP,
        sequenceTokens: SEQUENCE_TOKENS,
        seed: `codec/${seed}/${round}/${miner}`,
        ...(setting.endOfTextId === null ? {} : { endOfTextId: setting.endOfTextId }),
      });
      const { delta } = await host.train({
        trained,
        batches: Array.from({ length: inner.steps }, () => stream.next().value),
        sequences: SEQUENCES_PER_STEP,
        tokens: SEQUENCE_TOKENS,
        options: {
          learningRate: variant.learningRate,
          warmupSteps: inner.warmupSteps,
          beta1: decimalNumber(inner.beta1),
          beta2: decimalNumber(inner.beta2),
          epsilon: decimalNumber(inner.epsilon),
          weightDecay: decimalNumber(inner.weightDecay),
          clipNorm: decimalNumber(inner.clipNorm),
        },
        rematerialization: 'keep',
      });
      const sent = send(variant, delta, carried[miner]!);
      carried[miner] = sent.carried;
      bytes = sent.bytes;
      updates.push({ uid: miner as Uid, scoreNanoNats: 1, delta: sent.decoded });
      if (miner === 0 && options.measureAfter.includes(round + 1)) {
        carriedRatios.push(sent.carried === null ? 0 : normOf(sent.carried) / normOf(delta));
      }
    }
    state = outerStep(state, mergeDelta(updates, state.parameters, merge), merge.scales[0]!, merge);
  }
  const { user, system } = process.cpuUsage(startedAt);
  return {
    variant: variant.name,
    seed,
    bytesPerMinerAndRound: bytes,
    measurements,
    carriedRatios,
    cpuSeconds: (user + system) / 1e6,
  };
}

/** The documents of each miner in a round: all of them, in an order drawn anew, cut into equal parts. */
function sharesOf({ training }: Setting, seed: number, round: number, miners: number): number[][] {
  const documents = [...Array(training.offsets.length - 1).keys()];
  const random = new SeededRandom(taggedHash('connito/1/bench-codec', utf8(`${seed}/${round}`)));
  for (let i = documents.length - 1; i > 0; i--) {
    const j = random.nextBelow(i + 1);
    [documents[i], documents[j]] = [documents[j]!, documents[i]!];
  }
  return Array.from({ length: miners }, (_, miner) =>
    documents.slice(
      Math.floor((miner * documents.length) / miners),
      Math.floor(((miner + 1) * documents.length) / miners),
    ),
  );
}

function send(
  { codec, decay }: Variant,
  delta: TensorMap,
  before: TensorMap | null,
): { readonly decoded: TensorMap; readonly carried: TensorMap | null; readonly bytes: number } {
  const specs = [...delta].map(([name, { shape }]) => ({ name, shape }));
  if (codec === null) {
    const elements = [...delta.values()].reduce((sum, { data }) => sum + data.length, 0);
    return { decoded: delta, carried: null, bytes: 4 * elements };
  }
  const { bundle, residual } = encodeDelta(codec, delta, before);
  const decoded = decodeDelta(codec, bundle, specs);
  if (decoded.kind === 'invalid') throw new Error(decoded.why);
  const rule = { merged: 'residual', rejected: 'nothing', void: 'nothing' } as const;
  const carried =
    decay === null ? null : carriedResidual('merged', { ...rule, decay }, { sent: decoded.delta, residual });
  return { decoded: decoded.delta, carried, bytes: bundle.length };
}

function normOf(tensors: TensorMap): number {
  let squares = 0;
  for (const { data } of tensors.values()) for (const value of data) squares += value * value;
  return Math.sqrt(squares);
}
