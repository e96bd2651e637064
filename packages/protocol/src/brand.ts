declare const brand: unique symbol;
type Brand<T, Name extends string> = T & { readonly [brand]: Name };

/** An sr25519 public key in ss58 form (prefix 42), the identity of a miner or validator. */
export type Hotkey = Brand<string, 'Hotkey'>;
/** A neuron's slot number on the ledger. */
export type Uid = Brand<number, 'Uid'>;
/** sha256 of an artifact's bytes, 64 lower-case hex digits. */
export type ArtifactHash = Brand<string, 'ArtifactHash'>;
/** Hash of a run definition, 64 lower-case hex digits. */
export type RunId = Brand<string, 'RunId'>;
/** Hash of a state's tensor table, 64 lower-case hex digits. */
export type StateHash = Brand<string, 'StateHash'>;
/** Name of an expert group, as in the run definition. */
export type ExpertGroupId = Brand<string, 'ExpertGroupId'>;
