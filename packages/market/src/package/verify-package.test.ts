import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeSafetensors } from '@connito/model';
import {
  type CanonicalValue,
  encodeCanonical,
  type Hotkey,
  toHex,
  utf8,
  type Verify,
  verifySr25519,
} from '@connito/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  EXAMPLE_KEYS,
  exampleFacts,
  examplePackage,
  exampleParameters,
  signed,
} from '../testing/example-package.ts';
import { assemblePackage, withDocument } from './assemble-package.ts';
import { decodeExpertDocument, packageIdOf, signManifest } from './expert-manifest.ts';
import { PACKAGE_FILES, type PackageFileName, type PackageFiles } from './layout.ts';
import { writePackageFolder } from './package-folder.ts';
import { readExpertPackage } from './read-package.ts';
import { verifyPackage } from './verify-package.ts';

const routerFile = utf8('what only the composition can read');
const changed = (files: PackageFiles, name: PackageFileName, bytes: Uint8Array): PackageFiles =>
  new Map([...files, [name, bytes]]);

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'connito-package-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('a package', () => {
  it('comes back from a folder with its parameters and its router file', async () => {
    const facts = exampleFacts();
    const parameters = exampleParameters(facts);
    const path = join(folder, 'math');
    await writePackageFolder(path, await examplePackage({ parameters, routerFile }));
    const read = await readExpertPackage(path);
    expect(read.parameters).toEqual(parameters);
    expect(read.routerFile).toEqual(routerFile);
    expect(read.manifest).toMatchObject({ name: 'math', version: '1.0.0', licence: 'MIT' });
    expect(read.signers).toEqual([EXAMPLE_KEYS.publisher.hotkey]);
  });

  it('has the same bytes whenever it is assembled, and one id whoever signed it', async () => {
    const [one, two] = await Promise.all([examplePackage(), examplePackage({ signers: [] })]);
    for (const name of [PACKAGE_FILES.experts, PACKAGE_FILES.card, PACKAGE_FILES.npm])
      expect(one.get(name)).toEqual(two.get(name));
    const idOf = (files: PackageFiles) =>
      packageIdOf(decodeExpertDocument(files.get(PACKAGE_FILES.manifest)!).manifest);
    expect(idOf(one)).toBe(idOf(two));
  });

  it('is an npm package without scripts, dependencies or programs', async () => {
    const json = JSON.parse(new TextDecoder().decode((await examplePackage()).get(PACKAGE_FILES.npm)));
    expect(json).toMatchObject({ name: 'math', version: '1.0.0', license: 'MIT' });
    for (const field of ['scripts', 'dependencies', 'bin', 'main', 'exports', 'gypfile'])
      expect(json).not.toHaveProperty(field);
  });
});

/** A check of a signature costs milliseconds, and most of the same ones are asked for again and again here. */
function rememberingVerify(): Verify {
  const known = new Map<string, boolean>();
  return (hotkey, message, signature) => {
    const key = `${hotkey} ${toHex(message)} ${toHex(signature)}`;
    const answer = known.get(key) ?? verifySr25519(hotkey, message, signature);
    known.set(key, answer);
    return answer;
  };
}

describe('any one flipped byte', () => {
  /** A byte of every part of a file: each header, each table, each tensor. */
  const places = (length: number) => [
    ...new Set(Array.from({ length: 61 }, (_, i) => Math.floor((i * (length - 1)) / 60))),
  ];

  it.each(Object.values(PACKAGE_FILES))('of %s is refused with a reason', async (name) => {
    const files = await examplePackage({ routerFile });
    const rules = { verify: rememberingVerify() };
    expect(() => verifyPackage(files, rules)).not.toThrow();
    const original = files.get(name)!;
    for (const at of places(original.length)) {
      for (const bit of [0x01, 0x80]) {
        const bytes = original.slice();
        bytes[at]! ^= bit;
        expect(() => verifyPackage(changed(files, name, bytes), rules), `byte ${at} of ${name}`).toThrow(
          expect.objectContaining({
            code: expect.stringMatching(/^package_(corrupt|malformed|bad_signature|unsigned)$/),
          }),
        );
      }
    }
  });
});

describe('a forged package', () => {
  it('with the signature of another key is refused', async () => {
    const files = await examplePackage({ signers: [] });
    const document = decodeExpertDocument(files.get(PACKAGE_FILES.manifest)!);
    const { validator, publisher } = EXAMPLE_KEYS;
    const forged = await signManifest(document, { hotkey: publisher.hotkey, sign: validator.sign });
    expect(() => verifyPackage(withDocument(files, forged))).toThrow(
      expect.objectContaining({ code: 'package_bad_signature' }),
    );
  });

  it('that only others signed is refused, and so is one that nobody did', async () => {
    for (const signers of [[], [EXAMPLE_KEYS.validator]]) {
      const files = await examplePackage({ signers });
      expect(() => verifyPackage(files)).toThrow(expect.objectContaining({ code: 'package_unsigned' }));
    }
  });

  it('is hashed once, however many have signed it, and not before its publisher has', async () => {
    const { publisher, miner, validator } = EXAMPLE_KEYS;
    const messages = new Set<Uint8Array>();
    const verify: Verify = (_, message) => {
      messages.add(message);
      return true;
    };
    verifyPackage(await examplePackage({ signers: [publisher, miner, validator] }), { verify });
    expect(messages.size).toBe(1);
    messages.clear();
    const unsigned = await examplePackage({ signers: [miner, validator] });
    expect(() => verifyPackage(unsigned, { verify })).toThrow(
      expect.objectContaining({ code: 'package_unsigned' }),
    );
    expect(messages.size).toBe(0);
  });

  it('of a publisher the reader does not trust is refused', async () => {
    const files = await examplePackage();
    const publishers = new Set<Hotkey>([EXAMPLE_KEYS.validator.hotkey]);
    expect(() => verifyPackage(files, { publishers })).toThrow(
      expect.objectContaining({ code: 'publisher_not_trusted' }),
    );
  });

  it('for another base model is refused', async () => {
    const files = await examplePackage();
    expect(() => verifyPackage(files, { baseHash: 'f'.repeat(64) })).toThrow(
      expect.objectContaining({ code: 'package_wrong_base' }),
    );
    expect(() => verifyPackage(files, { baseHash: exampleFacts().base.hash })).not.toThrow();
  });

  it('without an allowed licence is refused, and the list is the reader’s', async () => {
    for (const licence of ['GPL-3.0-only', 'MIT AND SSPL-1.0', 'see LICENSE file', 'MIT OR Proprietary']) {
      const files = await examplePackage({ facts: { licence } });
      expect(() => verifyPackage(files), licence).toThrow(
        expect.objectContaining({ code: 'package_unlicensed' }),
      );
    }
    const files = await examplePackage({ facts: { licence: 'GPL-3.0-only' } });
    expect(() => verifyPackage(files, { allowedLicences: ['GPL-3.0-only'] })).not.toThrow();
  });

  it.each([PACKAGE_FILES.licence, PACKAGE_FILES.card, PACKAGE_FILES.experts, PACKAGE_FILES.npm] as const)(
    'without its %s is refused',
    async (name) => {
      const files = new Map(await examplePackage());
      files.delete(name);
      expect(() => verifyPackage(files)).toThrow(expect.objectContaining({ code: 'package_files_wrong' }));
    },
  );

  it('with an install script is refused, though everything else fits', async () => {
    const files = await examplePackage();
    const json = JSON.parse(new TextDecoder().decode(files.get(PACKAGE_FILES.npm)));
    const armed = { ...json, scripts: { postinstall: 'node -e "process.exit(66)"' } };
    const bytes = utf8(`${JSON.stringify(armed, null, 2)}\n`);
    expect(() => verifyPackage(changed(files, PACKAGE_FILES.npm, bytes))).toThrow(
      expect.objectContaining({ code: 'package_corrupt' }),
    );
  });

  it('with a router file that its manifest does not name is refused', async () => {
    const files = changed(await examplePackage(), PACKAGE_FILES.router, routerFile);
    expect(() => verifyPackage(files)).toThrow(expect.objectContaining({ code: 'package_files_wrong' }));
  });
});

describe('a manifest that its publisher signed', () => {
  const { publisher } = EXAMPLE_KEYS;

  /** Signs whatever a dishonest publisher writes. */
  async function dishonest(change: (manifest: Record<string, unknown>) => void): Promise<PackageFiles> {
    const files = await examplePackage({ signers: [] });
    const { manifest } = decodeExpertDocument(files.get(PACKAGE_FILES.manifest)!);
    const copy = structuredClone(manifest) as typeof manifest & Record<string, unknown>;
    change(copy);
    const document = await signManifest({ manifest: copy, signatures: [] }, publisher);
    return changed(files, PACKAGE_FILES.manifest, encodeCanonical(document as CanonicalValue));
  }

  // biome-ignore lint/suspicious/noExplicitAny: what is changed here has no type any more
  it.each<[string, (manifest: Record<string, any>) => void]>([
    ['names a file outside the package', (m) => Object.assign(m.files[0], { path: '../../etc/passwd' })],
    ['has shares beyond the whole', (m) => Object.assign(m.lineage.miners[0], { share: 900_000_000 })],
    ['names an expert the base does not have', (m) => Object.assign(m, { experts: { '1': [0, 4] } })],
    ['names a layer the base does not have', (m) => Object.assign(m, { experts: { '2': [0, 3] } })],
    ['leaves out a tensor', (m) => m.tensors.pop()],
    ['renames a tensor', (m) => Object.assign(m.tensors[0], { name: 'model.embed_tokens.weight' })],
    ['reshapes a tensor', (m) => Object.assign(m.tensors[0], { shape: [4, 8] })],
    ['states another base hash than its files have', (m) => Object.assign(m.base, { hash: 'e'.repeat(64) })],
    ['states a shape of astronomic size', (m) => Object.assign(m.base.architecture, { hiddenSize: 1 << 20 })],
    ['has a field nobody knows', (m) => Object.assign(m, { postinstall: 'node evil.js' })],
  ])('and that %s is refused', async (_, change) => {
    await expect(async () => verifyPackage(await dishonest(change))).rejects.toMatchObject({
      code: 'package_malformed',
    });
  });

  it('over parameters that are not finite is refused', async () => {
    const facts = exampleFacts();
    for (const value of [Number.NaN, Number.NEGATIVE_INFINITY]) {
      const parameters = exampleParameters(facts);
      [...parameters.values()][2]!.data[5] = value;
      await expect(async () => verifyPackage(await examplePackage({ parameters }))).rejects.toMatchObject({
        code: 'package_tensors_wrong',
        message: expect.stringContaining(`${value} at element 5`),
      });
    }
  });

  it('over other tensors than it lists is refused', async () => {
    const facts = exampleFacts();
    const honest = exampleParameters(facts);
    const stored = new Map(
      [...honest].map(([name, { shape, data }]) => [name, { dtype: 'f32' as const, shape, data }]),
    );
    const other = new Map(stored);
    other.set('model.layers.0.mlp.gate.weight', { dtype: 'f32', shape: [1], data: Float32Array.of(1) });
    const missing = new Map([...stored].slice(1));
    const swapped = new Map(
      [...stored].map(([name, tensor], i) => [name, i === 0 ? [...stored.values()][1]! : tensor]),
    );
    for (const tensors of [other, missing, swapped]) {
      const files = new Map(assemblePackage(facts, { parameters: honest, licenceText: 'MIT' }));
      const experts = encodeSafetensors(tensors, 'F32');
      files.set(PACKAGE_FILES.experts, experts);
      const { manifest } = decodeExpertDocument(files.get(PACKAGE_FILES.manifest)!);
      const { createHash } = await import('node:crypto');
      const listed = manifest.files.map((file) =>
        file.path === PACKAGE_FILES.experts
          ? {
              ...file,
              bytes: experts.length,
              sha256: createHash('sha256').update(experts).digest('hex') as typeof file.sha256,
            }
          : file,
      );
      const document = { manifest: { ...manifest, files: listed }, signatures: [] };
      const rehashed = await signed(withDocument(files, document), [publisher]);
      expect(() => verifyPackage(rehashed)).toThrow(
        expect.objectContaining({ code: 'package_tensors_wrong' }),
      );
    }
  });
});

describe('a package folder', () => {
  it('with a symbolic link is refused before the link is followed', async () => {
    await writeFile(join(folder, 'secret'), 'secret');
    const path = join(folder, 'math');
    await writePackageFolder(path, await examplePackage());
    await rm(join(path, PACKAGE_FILES.card));
    await symlink(join(folder, 'secret'), join(path, PACKAGE_FILES.card));
    await expect(readExpertPackage(path)).rejects.toMatchObject({ code: 'package_unsafe' });
  });

  it('with a folder or a file of its own making is refused', async () => {
    const path = join(folder, 'math');
    await writePackageFolder(path, await examplePackage());
    await writeFile(join(path, 'index.js'), 'process.exit(66)');
    await expect(readExpertPackage(path)).rejects.toMatchObject({ code: 'package_files_wrong' });
    await rm(join(path, 'index.js'));
    await mkdir(join(path, 'node_modules'));
    await expect(readExpertPackage(path)).rejects.toMatchObject({ code: 'package_unsafe' });
  });

  it('larger than its reader allows is refused unread', async () => {
    const path = join(folder, 'math');
    const files = await examplePackage();
    await writePackageFolder(path, files);
    const size = [...files.values()].reduce((sum, { length }) => sum + length, 0);
    await expect(readExpertPackage(path, { maxBytes: size - 1 })).rejects.toMatchObject({
      code: 'package_too_large',
    });
    expect((await readExpertPackage(path, { maxBytes: size })).sizeBytes).toBe(size);
  });

  it('is never written over', async () => {
    const path = join(folder, 'math');
    await writePackageFolder(path, await examplePackage());
    await expect(writePackageFolder(path, await examplePackage())).rejects.toMatchObject({
      code: 'file_exists',
    });
  });
});
