import { type Keypair, keypairFromMiniSecret } from '@connito/node';
import {
  type ArtifactHash,
  type ExpertGroup,
  type ExpertGroupId,
  groupTensors,
  type RunId,
  SeededRandom,
  type StateHash,
  sha256,
  sha256Hex,
  type TensorMap,
  utf8,
} from '@connito/protocol';
import { assemblePackage, type PackageFacts, withDocument } from '../package/assemble-package.ts';
import { baseHashOf } from '../package/base-identity.ts';
import { decodeExpertDocument, signManifest } from '../package/expert-manifest.ts';
import { PACKAGE_FILES, type PackageFiles } from '../package/layout.ts';

const [publisher, miner, validator] = [11, 12, 13].map((seed) =>
  keypairFromMiniSecret(new Uint8Array(32).fill(seed)),
) as [Keypair, Keypair, Keypair];

/** Keys for tests: the publisher of the example, a miner of its lineage, and a third that has no part in it. */
export const EXAMPLE_KEYS = { publisher, miner, validator } as const;

const ARCHITECTURE = {
  kind: 'qwen3-moe',
  numHiddenLayers: 2,
  numExperts: 4,
  hiddenSize: 8,
  moeIntermediateSize: 4,
} as const;

const digestOf = (label: string) => sha256Hex(utf8(label)) as ArtifactHash;

/** What the example says of itself; tests change what they are about. */
export function exampleFacts(changes: Partial<PackageFacts> = {}): PackageFacts {
  const files = ['config.json', 'model.safetensors', 'tokenizer.json'].map((path) => ({
    path,
    bytes: path.length,
    sha256: digestOf(path),
  }));
  const miners = [miner.hotkey, validator.hotkey].sort();
  return {
    name: 'math',
    version: '1.0.0',
    description: 'Experts for exercises in school mathematics.',
    licence: 'MIT',
    publisher: publisher.hotkey,
    pricePerMillionTokens: 2_500,
    base: { hash: baseHashOf(files), files, architecture: ARCHITECTURE },
    domain: 'math',
    group: 'math' as ExpertGroupId,
    experts: { '1': [0, 3] },
    lineage: {
      run: digestOf('run') as string as RunId,
      state: digestOf('state') as string as StateHash,
      lastRound: 6,
      mergedRounds: 5,
      miners: miners.map((hotkey, i) => ({ hotkey, share: i === 0 ? 700_000_001 : 299_999_999 })),
      sources: [
        { id: 'math-adapt', domain: 'math', artifact: digestOf('source'), tokens: 90_000, licence: 'MIT' },
      ],
    },
    evaluation: {
      sequenceTokens: 128,
      measurements: [
        {
          domain: 'math',
          role: 'own',
          source: digestOf('math-reporting'),
          sequences: 64,
          baseLossNanoNats: 4_146_800_000,
          lossNanoNats: 3_329_400_000,
          gainNanoNats: 817_400_000,
          lowerNanoNats: 663_000_000,
          upperNanoNats: 971_800_000,
        },
        {
          domain: 'prose',
          role: 'general',
          source: digestOf('prose-reporting'),
          sequences: 64,
          baseLossNanoNats: 3_802_500_000,
          lossNanoNats: 3_803_500_000,
          gainNanoNats: -1_000_000,
          lowerNanoNats: -3_000_000,
          upperNanoNats: 1_000_000,
        },
      ],
    },
    ...changes,
  };
}

/** Parameters of the right names and shapes with repeatable values. */
export function exampleParameters(facts: PackageFacts, label = 'parameters'): TensorMap {
  const random = new SeededRandom(sha256(utf8(label)));
  const group = { id: facts.group, domain: facts.domain, experts: facts.experts } as ExpertGroup;
  return new Map(
    groupTensors(group, facts.base.architecture).map(({ name, shape }) => [
      name,
      { shape, data: Float32Array.from({ length: shape[0]! * shape[1]! }, () => random.nextFloat() - 0.5) },
    ]),
  );
}

export type ExampleOptions = {
  readonly facts?: Partial<PackageFacts>;
  readonly parameters?: TensorMap;
  readonly routerFile?: Uint8Array;
  /** Default: the publisher alone. */
  readonly signers?: readonly Keypair[];
};

/** A small, valid, signed package. */
export async function examplePackage(options: ExampleOptions = {}): Promise<PackageFiles> {
  const facts = exampleFacts(options.facts);
  const files = assemblePackage(facts, {
    parameters: options.parameters ?? exampleParameters(facts),
    licenceText: 'MIT License\n\nPermission is hereby granted, free of charge, …\n',
    ...(options.routerFile === undefined ? {} : { routerFile: options.routerFile }),
  });
  return signed(files, options.signers ?? [publisher]);
}

/** The same package, signed. */
export async function signed(files: PackageFiles, signers: readonly Keypair[]): Promise<PackageFiles> {
  let document = decodeExpertDocument(files.get(PACKAGE_FILES.manifest)!);
  for (const signer of signers) document = await signManifest(document, signer);
  return withDocument(files, document);
}
