import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { encodeRoutingStatistics, specialistOfPackage } from '@connito/composition';
import { createTinyRun, LocalNetwork, miner, SharedModel, validator } from '@connito/lab';
import {
  assemblePackage,
  type BuildOptions,
  buildPackage,
  decodeExpertDocument,
  lineageOf,
  PACKAGE_FILES,
  type PackageFiles,
  requireLineage,
  SHARE_UNITS,
  signManifest,
  verifyPackage,
  withDocument,
  writePackageFolder,
} from '@connito/market';
import { loadCheckpoint } from '@connito/model';
import { keypairFromMiniSecret } from '@connito/node';
import type { ExpertGroupId } from '@connito/protocol';
import { genesisHashOf, type RoundRecord } from '@connito/run';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { routerCollector } from './build.ts';
import { readSource } from './rules.ts';

const TOKENIZER = fileURLToPath(new URL('../../../../../models/foundation/tokenizer.json', import.meta.url));
const ROUNDS = 1;
const publisher = keypairFromMiniSecret(new Uint8Array(32).fill(21));

describe('a package built from a run', () => {
  let folder: string;
  let modelFolder: string;
  let network: LocalNetwork;
  let model: SharedModel;
  let options: BuildOptions;
  let files: PackageFiles;
  const records: RoundRecord[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'connito-build-'));
    const run = await createTinyRun(folder, TOKENIZER, ['code', 'math']);
    modelFolder = run.modelFolder;
    model = await SharedModel.open(run, { modelFolder, threads: 1 });
    network = await LocalNetwork.start(
      {
        folder,
        definition: run.definition,
        validators: [validator()],
        miners: [miner(), miner(), miner(), miner()],
        draws: 'package',
        openSession: async () => model.session(),
      },
      run.store,
    );
    for (let round = 0; round < ROUNDS; round++) records.push(await network.round(round));
    options = {
      modelFolder,
      threads: 1,
      group: 'math',
      round: ROUNDS - 1,
      name: 'math',
      version: '1.0.0',
      description: null,
      licence: null,
      publisher: publisher.hotkey,
      pricePerMillionTokens: 5,
      sequencesPerSource: 24,
      // A model that knows nothing unlearns nothing.
      maxGeneralRise: 1,
      routerOf: routerCollector(modelFolder, 1),
    };
    files = await sign(await buildPackage(network.context, options));
  });
  afterAll(async () => {
    await network?.stop();
    await model?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const documentOf = (built: PackageFiles) => decodeExpertDocument(built.get(PACKAGE_FILES.manifest)!);
  const sign = async (built: PackageFiles) =>
    withDocument(built, await signManifest(documentOf(built), publisher));

  it('holds the canonical state’s experts, its lineage and its sources’ licence', () => {
    const { manifest, parameters } = verifyPackage(files);
    expect(manifest.lineage).toMatchObject({
      run: network.context.run,
      state: records.at(-1)!.state,
      ...lineageOf(records, 'math' as ExpertGroupId),
      sources: [{ id: 'math-adapt', licence: 'MIT' }],
    });
    const credited = manifest.lineage.miners.map(({ hotkey }) => hotkey);
    const trained = records
      .flatMap(({ miners }) => miners)
      .filter(({ mergeWeight, group }) => mergeWeight > 0 && group === 'math');
    expect(new Set(credited)).toEqual(new Set(trained.map(({ hotkey }) => hotkey)));
    expect(manifest.lineage.miners.reduce((sum, { share }) => sum + share, 0)).toBe(SHARE_UNITS);
    expect(manifest).toMatchObject({ licence: 'MIT', publisher: publisher.hotkey, domain: 'math' });
    expect(parameters.size).toBe(manifest.tensors.length);
    expect(new TextDecoder().decode(files.get(PACKAGE_FILES.licence))).toContain(
      'Permission is hereby granted',
    );
  });

  it('was measured alone against its base, by sequence', () => {
    const { measurements } = documentOf(files).manifest.evaluation;
    expect(measurements.map(({ domain, role }) => [domain, role])).toEqual([
      ['code', 'other'],
      ['law', 'general'],
      ['math', 'own'],
      ['prose', 'general'],
    ]);
    const own = measurements.find(({ role }) => role === 'own')!;
    expect(own.lowerNanoNats).toBeGreaterThan(0);
    expect(Math.abs(own.baseLossNanoNats - own.lossNanoNats - own.gainNanoNats)).toBeLessThanOrEqual(2);
  });

  it('carries router statistics of its own model on its training text, so that it composes without any corpus', async () => {
    const read = verifyPackage(files);
    const { config } = await loadCheckpoint(modelFolder);
    const { statistics } = specialistOfPackage(read, config);
    expect(statistics!.tokens).toBeGreaterThan(8 * 64);
    expect(statistics!.layers).toHaveLength(config.layers);
    for (const { gates } of statistics!.layers) {
      expect(gates.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 4);
    }
    const flipped = files.get(PACKAGE_FILES.router)!.slice();
    flipped[flipped.length >> 1]! ^= 1;
    expect(() => verifyPackage(new Map([...files, [PACKAGE_FILES.router, flipped]]))).toThrow(
      /router\.safetensors/,
    );

    const written = join(folder, 'package');
    const rules = { allowLicence: ['MIT'], trust: null, maxMb: 1e9 };
    await writePackageFolder(written, files);
    expect((await readSource(written, rules)).id).toBe(read.id);
    // Well signed, and for another model.
    const { layers, tokens } = statistics!;
    const short = encodeRoutingStatistics({ tokens, layers: layers.slice(1) });
    const wrong = assemblePackage(read.manifest, {
      parameters: read.parameters,
      licenceText: 'MIT',
      routerFile: short,
    });
    await writePackageFolder(`${written}-wrong`, await sign(wrong));
    await expect(readSource(`${written}-wrong`, rules)).rejects.toMatchObject({ code: 'specialist_invalid' });
  });

  it('follows from its run, and a lineage that its publisher made up does not', async () => {
    const genesis = await genesisHashOf(network.context, modelFolder);
    await requireLineage(network.context, verifyPackage(files), genesis);
    const { manifest } = documentOf(files);
    const invented = {
      ...manifest,
      lineage: { ...manifest.lineage, miners: [{ hotkey: publisher.hotkey, share: SHARE_UNITS }] },
    };
    const forged = await sign(withDocument(files, { manifest: invented, signatures: [] }));
    const read = verifyPackage(forged);
    await expect(requireLineage(network.context, read, genesis)).rejects.toMatchObject({
      code: 'package_corrupt',
      message: expect.stringContaining('credit other miners'),
    });
  });

  it('is not built of a group that is not there, nor of a round that is not over', async () => {
    const build = (changes: Partial<BuildOptions>) =>
      buildPackage(network.context, { ...options, ...changes });
    await expect(build({ group: 'law' })).rejects.toMatchObject({ code: 'nothing_to_package' });
    await expect(build({ round: 10_000 })).rejects.toMatchObject({ code: 'nothing_to_package' });
  });
});
