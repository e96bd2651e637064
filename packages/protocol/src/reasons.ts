/**
 * Every machine-readable reason for a zero, invalid, late or unmerged outcome, with what it means and what the miner
 * can do about it. Codes are part of reports and so of the protocol: never rename one, only add.
 */
export const REASONS = {
  no_commitment: {
    sentence: 'No commitment of this hotkey was included in the commit window.',
    nextAction:
      'Check that the miner was running and that its hotkey can write to the ledger; it takes part in the next round.',
  },
  late_commit: {
    sentence: 'The commitment was included after the commit window had closed.',
    nextAction:
      'Train fewer steps or submit earlier: the note must be included, not only sent, within the window.',
  },
  not_revealed: {
    sentence: 'A commitment exists, but nothing was revealed for it.',
    nextAction: 'Keep the miner running until the reveal window has closed.',
  },
  late_reveal: {
    sentence: 'The reveal was included after the reveal window had closed.',
    nextAction: 'Upload the bundle before the window opens, so that only the note is left to send.',
  },
  reveal_missing: {
    sentence: 'The ledger names a reveal document whose bytes could not be fetched from any source.',
    nextAction: 'Serve the store under the announced endpoint and check that it is reachable from outside.',
  },
  reveal_malformed: {
    sentence: 'The reveal document is not canonical JSON of the expected shape.',
    nextAction: 'Use an unmodified miner of this protocol version.',
  },
  commitment_mismatch: {
    sentence: 'The revealed manifest and salt do not hash to the commitment on the ledger.',
    nextAction: 'Reveal exactly what was committed last; keep manifest and salt across restarts.',
  },
  bad_signature: {
    sentence: 'The reveal is not signed by the hotkey that committed it.',
    nextAction: 'Sign with the registered hotkey; a manifest of another hotkey cannot be revealed.',
  },
  wrong_protocol: {
    sentence: 'The manifest belongs to another protocol version.',
    nextAction: 'Update the miner.',
  },
  wrong_run: {
    sentence: 'The manifest names another run.',
    nextAction: 'Start the miner with the run definition of this network.',
  },
  wrong_round: {
    sentence: 'The manifest or note names another round.',
    nextAction: 'Follow the ledger head; an update is valid only in the round it was trained for.',
  },
  wrong_group: {
    sentence: 'The update is for another expert group than the one assigned.',
    nextAction: 'Train the assigned group, or declare the groups this miner can serve.',
  },
  wrong_hotkey: {
    sentence: 'The manifest names another hotkey.',
    nextAction: 'Build the manifest with the hotkey that commits it.',
  },
  wrong_base_state: {
    sentence: 'The update was trained from a state that is not the canonical one of this round.',
    nextAction: 'Fetch the canonical state at the start of the round and verify its hash.',
  },
  wrong_codec: {
    sentence: 'The bundle is encoded with a codec the run does not use.',
    nextAction: 'Use the codec of the run definition.',
  },
  scope_violation: {
    sentence: 'The update touches tensors outside its expert group.',
    nextAction: "Send the group's expert tensors only; router, attention and other groups are frozen.",
  },
  manifest_mismatch: {
    sentence:
      'Tensors are missing, or a shape, dtype, offset or length is not what the run definition prescribes.',
    nextAction: 'Use an unmodified miner of this protocol version.',
  },
  bundle_missing: {
    sentence: 'The bundle could not be fetched from any source.',
    nextAction: 'Serve the store under the announced endpoint and check that it is reachable from outside.',
  },
  bundle_too_large: {
    sentence: "The bundle exceeds the codec's bound.",
    nextAction: 'Use the codec of the run definition without padding.',
  },
  bundle_corrupt: {
    sentence: 'The bundle does not match its hash, or breaks the codec.',
    nextAction: 'Check the disk and the upload; the bundle must be the committed bytes.',
  },
  non_finite_delta: {
    sentence: 'A decoded value of the update is NaN or infinite.',
    nextAction: 'Training has diverged: lower the learning rate and check the data.',
  },
  non_finite_loss: {
    sentence: 'The updated model has a non-finite loss on at least one evaluation sequence.',
    nextAction: 'The update breaks the model: lower the learning rate or the number of steps.',
  },
  excessive_travel: {
    sentence: 'A tensor of the update moved a thousand times further than the inner steps can take it.',
    nextAction: 'Send what the run’s inner steps give; a larger update is never worth more.',
  },
  duplicate_of: {
    sentence: 'The update is the same work as one committed earlier.',
    nextAction: 'Train on the assigned data share; copies earn nothing, however they are disguised.',
  },
  stale_delta: {
    sentence: "The update repeats this hotkey's own work of an earlier round.",
    nextAction: 'Train from the current state in every round.',
  },
  no_gain: {
    sentence: 'The lower confidence bound of the loss reduction is not positive.',
    nextAction:
      'Train longer, on better data, or with a tuned learning rate; a gain within the noise is not paid.',
  },
  futile: {
    sentence:
      'Measurement stopped early because no outcome of the remaining sequences could make the score positive.',
    nextAction: 'The update does not help its domain: check learning rate and data.',
  },
  general_regression: {
    sentence: 'The gain is outweighed by a rise of the loss on general data over the base model.',
    nextAction:
      'Train fewer steps or with a lower learning rate; the domain must not be learned at the cost of the rest.',
  },
  unavailable: {
    sentence: 'Too little validator stake measured the update or attests to hold its bytes.',
    nextAction: 'Nothing is held against the miner. Check that the store is reachable from all validators.',
  },
  validator_abstained: {
    sentence: 'This validator could not measure in this round, through no fault of the miner.',
    nextAction: "Nothing: other validators' scores count.",
  },
  not_merged: {
    sentence: 'The update earned a score, but was not among those merged.',
    nextAction: 'Nothing: it is paid by its score. The highest-scoring updates are merged.',
  },
  void_round: {
    sentence: 'No state found a majority of stake, so the round is void and the previous state stands.',
    nextAction: 'Nothing: train from the standing state in the next round.',
  },
} as const satisfies Readonly<Record<string, { readonly sentence: string; readonly nextAction: string }>>;

export type Reason = keyof typeof REASONS;

export const REASON_CODES = Object.keys(REASONS) as readonly Reason[];

export type ReasonText = { readonly sentence: string; readonly nextAction: string };

/** What a reason means and what to do about it, for people. */
export function explainReason(reason: Reason): ReasonText {
  return REASONS[reason];
}
