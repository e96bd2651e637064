import { ConnitoError } from '@connito/protocol';
import { CommanderError } from 'commander';

/** What the process answers its caller. `connito --help` lists them. */
export const EXIT_CODES = {
  /** Done, or stopped as asked. */
  ok: 0,
  /** Something failed that none of the others names. */
  failure: 1,
  /** The command line is wrong: unknown command or option, or a value out of range. */
  usage: 2,
  /** The machine: Node too old, port taken, disk full, file or key unusable, network already running. */
  environment: 3,
  /** The data: model, run definition, state or artifact missing, damaged or not the expected one; a difference found. */
  data: 4,
  /** Stopped before it was done, or at once by a second Ctrl-C. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT_CODES)[keyof typeof EXIT_CODES];

export const EXIT_CODE_HELP = `
Exit codes:
  0    done, or stopped as asked
  1    failed for a reason none of the others names
  2    wrong command line: unknown command or option, value out of range
  3    the machine: Node too old, port taken, disk full, file or key unusable, network already running
  4    the data: model, run definition or artifact missing, damaged or not the expected one; a difference found by verify
  130  stopped by Ctrl-C before it was done, or at once by a second one`;

const EXIT_CODE_OF_ERROR: Readonly<Record<string, ExitCode>> = {
  invalid_option: EXIT_CODES.usage,
  network_differs: EXIT_CODES.usage,
  unknown_uid: EXIT_CODES.usage,
  api_keys_required: EXIT_CODES.usage,

  port_taken: EXIT_CODES.environment,
  address_unavailable: EXIT_CODES.environment,
  disk_full: EXIT_CODES.environment,
  file_exists: EXIT_CODES.environment,
  file_unusable: EXIT_CODES.environment,
  hotkey_missing: EXIT_CODES.environment,
  hotkey_unreadable: EXIT_CODES.environment,
  hotkey_exists: EXIT_CODES.environment,
  coldkey_refused: EXIT_CODES.environment,
  ledger_in_use: EXIT_CODES.environment,
  ledger_unusable: EXIT_CODES.environment,
  ledger_unreachable: EXIT_CODES.environment,
  network_running: EXIT_CODES.environment,
  processes_left: EXIT_CODES.environment,
  api_keys_unusable: EXIT_CODES.environment,
  engine_unavailable: EXIT_CODES.environment,
  archive_unusable: EXIT_CODES.environment,
  page_unusable: EXIT_CODES.environment,

  unsupported_model: EXIT_CODES.data,
  checkpoint_missing: EXIT_CODES.data,
  checkpoint_corrupt: EXIT_CODES.data,
  parameter_mismatch: EXIT_CODES.data,
  base_model_mismatch: EXIT_CODES.data,
  tokenizer_malformed: EXIT_CODES.data,
  tokenizer_unsupported: EXIT_CODES.data,
  corpus_missing: EXIT_CODES.data,
  invalid_run_definition: EXIT_CODES.data,
  not_canonical_bytes: EXIT_CODES.data,
  run_unusable: EXIT_CODES.data,
  source_unusable: EXIT_CODES.data,
  invalid_genesis: EXIT_CODES.data,
  genesis_mismatch: EXIT_CODES.data,
  invalid_state: EXIT_CODES.data,
  artifact_corrupt: EXIT_CODES.data,
  network_missing: EXIT_CODES.data,
  network_file_corrupt: EXIT_CODES.data,
  round_missing: EXIT_CODES.data,
  archive_malformed: EXIT_CODES.data,
  archive_incomplete: EXIT_CODES.data,
  record_incomplete: EXIT_CODES.data,
  extract_malformed: EXIT_CODES.data,
  model_unusable: EXIT_CODES.data,
  specialist_invalid: EXIT_CODES.data,
  base_differs: EXIT_CODES.data,
  composition_conflict: EXIT_CODES.data,
  not_expressible: EXIT_CODES.data,
  composition_malformed: EXIT_CODES.data,

  package_malformed: EXIT_CODES.data,
  package_files_wrong: EXIT_CODES.data,
  package_corrupt: EXIT_CODES.data,
  package_too_large: EXIT_CODES.data,
  package_unsafe: EXIT_CODES.data,
  package_unsigned: EXIT_CODES.data,
  package_bad_signature: EXIT_CODES.data,
  publisher_not_trusted: EXIT_CODES.data,
  package_wrong_base: EXIT_CODES.data,
  package_unlicensed: EXIT_CODES.data,
  package_tensors_wrong: EXIT_CODES.data,
  nothing_to_package: EXIT_CODES.data,
  package_harmful: EXIT_CODES.data,
  package_missing: EXIT_CODES.data,
  version_exists: EXIT_CODES.data,
  package_revoked: EXIT_CODES.data,
  document_refused: EXIT_CODES.data,
  receipts_corrupt: EXIT_CODES.data,
  statement_differs: EXIT_CODES.data,

  invalid_package_name: EXIT_CODES.usage,
  invalid_channel: EXIT_CODES.usage,
  insufficient_balance: EXIT_CODES.environment,
  channel_unreachable: EXIT_CODES.environment,
  receipts_in_use: EXIT_CODES.environment,

  interrupted: EXIT_CODES.interrupted,
};

/** The exit code a failure ends with. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof CommanderError) {
    const asked = error.code === 'commander.helpDisplayed' || error.code === 'commander.version';
    return asked ? EXIT_CODES.ok : EXIT_CODES.usage;
  }
  if (error instanceof ConnitoError) return EXIT_CODE_OF_ERROR[error.code] ?? EXIT_CODES.failure;
  return EXIT_CODES.failure;
}
