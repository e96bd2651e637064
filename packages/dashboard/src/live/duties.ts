import type { WindowName } from '@connito/protocol';

export type Duty = { readonly now: string; readonly next: string };

/** What each role has to do in each window, and what comes after it. */
const DUTIES: Readonly<Record<WindowName, { readonly miner: Duty; readonly validator: Duty }>> = {
  distribute: {
    miner: { now: 'Fetch the state this round starts from, and check every byte.', next: 'Train.' },
    validator: { now: 'Fetch the state this round starts from.', next: 'Wait for the reveals.' },
  },
  train: {
    miner: {
      now: 'Train the own expert group on the own share of the texts.',
      next: 'Commit to the update.',
    },
    validator: { now: 'Nothing: miners train.', next: 'Wait for the reveals.' },
  },
  commit: {
    miner: { now: 'Commit: a salted hash of the update must be included in this window.', next: 'Reveal.' },
    validator: { now: 'Nothing: miners commit.', next: 'Wait for the reveals.' },
  },
  reveal: {
    miner: {
      now: 'Upload bundle and reveal document; the reveal must be included in this window.',
      next: 'Wait for the scores.',
    },
    validator: {
      now: 'Nothing: what is to be scored is revealed only now.',
      next: 'Draw the held-out texts and score.',
    },
  },
  evaluate: {
    miner: {
      now: 'Nothing: validators measure the updates.',
      next: 'Stay reachable until the round is merged.',
    },
    validator: {
      now: 'Check and score every reveal; the report must be included in this window.',
      next: 'Publish the report, attest what is held.',
    },
  },
  attest: {
    miner: { now: 'Nothing: reports are being published.', next: 'Wait for the merge.' },
    validator: {
      now: "Publish the own report, fetch the others', attest whose bytes are held.",
      next: 'Measure the merge and vote.',
    },
  },
  vote: {
    miner: { now: 'Nothing: the merge is being measured.', next: 'Wait for the new state.' },
    validator: {
      now: 'Measure the merged step at each scale and vote.',
      next: 'Compute and post the next state.',
    },
  },
  state: {
    miner: {
      now: 'Nothing: the next state is being voted for.',
      next: 'Fetch it when the next round begins.',
    },
    validator: {
      now: 'Compute the next state from the votes, store it, post its hash.',
      next: 'Set chain weights.',
    },
  },
  publish: {
    miner: {
      now: 'Nothing: pay follows from the chain weights set now.',
      next: 'The next round: fetch its state, train.',
    },
    validator: { now: 'Set chain weights by the agreed scores.', next: 'The next round.' },
  },
};

const WAITING: Duty = { now: 'Wait: the first round has not begun.', next: 'Fetch the first state.' };

export function dutiesOf(window: WindowName | null): { readonly miner: Duty; readonly validator: Duty } {
  return window === null ? { miner: WAITING, validator: WAITING } : DUTIES[window];
}
