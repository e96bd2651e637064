import { honestStrategy } from '@connito/miner';
import { type ArtifactHash, type Manifest, openBundle, type Uid } from '@connito/protocol';
import { nativeSha256, type OpenedReveal, openReveal, roundNotes } from '@connito/run';
import { honestValidator } from '@connito/validator';
import type { LocalNetwork } from '../network/local-network.ts';
import { type NetworkSetting, runNetwork } from '../run-network.ts';

type ValidReveal = Extract<OpenedReveal, { kind: 'valid' }>;

/** Honest updates of a network's rounds. Their bundles are in the run's store. */
export type Recording = {
  readonly rounds: readonly (readonly (Pick<ValidReveal, 'uid' | 'hotkey' | 'group' | 'commitBlock'> & {
    readonly manifest: Manifest;
  })[])[];
};

/** Honest miners of the recorded network: one of 45 % of them are nine. */
export const RECORDED_MINERS = 20;
export const RECORDED_ROUNDS = 2;

/** Runs honest miners alone and keeps what they revealed. */
export async function record(setting: NetworkSetting, signal: AbortSignal): Promise<Recording> {
  const rounds: Recording['rounds'][number][] = [];
  const honest = { as: 'honest', hostile: false };
  const cast = {
    miners: Array.from({ length: RECORDED_MINERS }, () => ({
      ...honest,
      behaviour: { strategy: honestStrategy },
    })),
    validators: [{ ...honest, behaviour: { strategy: honestValidator } }],
  };
  const onEnd = async (network: LocalNetwork): Promise<void> => {
    const { context, readers } = network;
    for (let round = 0; round < RECORDED_ROUNDS; round++) {
      const facts = await readers.participants.of(round, signal);
      const notes = await roundNotes(context, round, signal);
      const base = await readers.chain.stateBefore(round, signal);
      const revealed: Recording['rounds'][number][number][] = [];
      for (const miner of facts.miners) {
        const opened = await openReveal(context, facts, notes, miner, base.hash, signal);
        if (opened.kind !== 'valid')
          throw new RangeError(`uid ${miner.uid} did not reveal in round ${round}`);
        const { uid, hotkey, group, commitBlock, manifest } = opened;
        revealed.push({ uid, hotkey, group, commitBlock, manifest });
      }
      rounds.push(revealed);
    }
  };
  await runNetwork('recorded', cast, RECORDED_ROUNDS, { ...setting, onEnd }, signal);
  return { rounds };
}

/** A recorded round's updates, decoded. */
export async function recordedReveals(
  { run: { definition, store } }: Pick<NetworkSetting, 'run'>,
  recording: Recording,
  round: number,
): Promise<ValidReveal[]> {
  return Promise.all(
    recording.rounds[round]!.map(async (recorded): Promise<ValidReveal> => {
      const { manifest } = recorded;
      const maxBytes = definition.codec.maxBundleBytes;
      const bundle = await store.get(manifest.bundleSha256 as ArtifactHash, { maxBytes });
      const opened = openBundle(manifest, bundle, definition, nativeSha256);
      if (opened.kind === 'invalid') throw new RangeError(`recorded update is ${opened.reason}`);
      const uid = recorded.uid as Uid;
      return { ...recorded, uid, kind: 'valid', delta: opened.delta, bytes: bundle.length };
    }),
  );
}
