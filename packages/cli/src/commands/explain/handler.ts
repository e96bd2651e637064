import type { Ledger } from '@connito/ledger';
import { phaseAt, type RunDefinition, roundLengthBlocks, runIdOf } from '@connito/protocol';
import {
  CanonicalChain,
  genesisHashOf,
  Participants,
  type RunContext,
  readRound,
  roundNotes,
  roundVerdict,
} from '@connito/run';
import { DirectoryStore } from '@connito/store';
import type { CommandContext } from '../../command/context.ts';
import { cliError } from '../../errors.ts';
import { readDefinition } from '../../network/create-network.ts';
import { type Network, readNetwork } from '../../network/network-file.ts';
import { openNetworkLedger } from '../../network/network-ledger.ts';
import { type Explanation, explanationLines, explanationOf } from './explanation.ts';
import type { ExplainOptions } from './options.ts';

export async function explainScore(options: ExplainOptions, { stdout }: CommandContext): Promise<void> {
  const { layout, network } = await readNetwork(options.dir);
  const definition = await readDefinition(layout, network);
  const store = await DirectoryStore.open(layout.artifacts);
  using opened = await openNetworkLedger(layout);
  const context = { definition, run: runIdOf(definition), ledger: opened.ledger, store };
  const round = await finishedRoundNumber(opened.ledger, definition, options.round ?? null);
  const explanation = await explain(context, network, options.uid, round);
  if (options.json === true) stdout.write(`${JSON.stringify({ type: 'explanation', ...explanation })}\n`);
  else stdout.write(`${explanationLines(explanation).join('\n')}\n`);
}

/** The round asked for, or the last one. Fails with `round_missing` where it is not over. */
async function finishedRoundNumber(
  ledger: Ledger,
  { schedule }: RunDefinition,
  asked: number | null,
): Promise<number> {
  const head = await ledger.head();
  const point = phaseAt(head.number + 1, schedule);
  const last = point.phase === 'waiting' ? -1 : point.round - 1;
  if (last < 0) {
    const message = `No round is over yet: block ${head.number} is sealed, and a round takes ${roundLengthBlocks(schedule)}. Wait for the first.`;
    throw cliError('round_missing', message);
  }
  if (asked !== null && asked > last) {
    throw cliError('round_missing', `Round ${asked} is not over yet; the last one that is, is ${last}.`, {
      last,
    });
  }
  return asked ?? last;
}

async function explain(
  context: RunContext,
  network: Network,
  uid: number,
  round: number,
): Promise<Explanation> {
  const participants = new Participants(context);
  const facts = await participants.of(round);
  const neuron = facts.neurons.find((candidate) => candidate.uid === uid);
  if (neuron === undefined || neuron.validatorPermit) {
    const uids = facts.miners.map((miner) => miner.uid).join(', ');
    const what = neuron === undefined ? 'There is no uid' : 'A validator, not a miner, has uid';
    throw cliError('unknown_uid', `${what} ${uid} in round ${round}; the miners are ${uids}.`, { uid });
  }
  const genesis = await genesisHashOf(context, network.model);
  const chain = new CanonicalChain(context, participants, genesis);
  const record = await readRound(context, { participants, chain }, round);
  const notes = await roundNotes(context, round);
  const base = await chain.stateBefore(round);
  const { reports } = await roundVerdict(context, facts, notes, base.hash);
  const names = new Map<string, string>(network.validators.map(({ hotkey, name }) => [hotkey, name]));
  const outcomes = [...reports.values()].flatMap(({ validator, outcomes: reported }) =>
    reported
      .filter((outcome) => outcome.uid === uid)
      .map((outcome) => ({ validator: names.get(validator) ?? validator, outcome })),
  );
  const miner = record.miners.find((candidate) => candidate.uid === uid)!;
  return explanationOf(record, miner, outcomes, network);
}
