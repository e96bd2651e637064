import { join } from 'node:path';
import {
  decodeExpertDocument,
  encodeExpertDocument,
  PACKAGE_FILES,
  packageIdOf,
  readPackageFolder,
  signManifest,
} from '@connito/market';
import { loadHotkey, writeDurably } from '@connito/node';
import type { CommandContext } from '../../command/context.ts';
import { cliError } from '../../errors.ts';
import type { SignOptions } from './options.ts';

export async function sign(options: SignOptions, { stdout }: CommandContext): Promise<void> {
  const { walletsPath, wallet, hotkey, source, json } = options;
  const keypair = await loadHotkey({ walletsPath, wallet, hotkey });
  const bytes = (await readPackageFolder(source)).get(PACKAGE_FILES.manifest);
  if (bytes === undefined) throw cliError('invalid_option', `${source} holds no package.`);
  const document = decodeExpertDocument(bytes);
  const signed = await signManifest(document, keypair);
  await writeDurably(join(source, PACKAGE_FILES.manifest), encodeExpertDocument(signed));
  const { manifest, signatures } = signed;
  const signers = signatures.map((signature) => signature.hotkey);
  if (json === true) {
    const object = {
      type: 'signed',
      id: packageIdOf(manifest),
      name: manifest.name,
      version: manifest.version,
      signers,
    };
    stdout.write(`${JSON.stringify(object)}\n`);
    return;
  }
  const missing = signers.includes(manifest.publisher)
    ? ''
    : ` Its publisher ${manifest.publisher} has not signed yet.`;
  stdout.write(`${manifest.name} ${manifest.version} is signed by ${signers.join(', ')}.${missing}\n`);
}
