import { createRequire } from 'node:module';
import { z } from 'zod';
import { marketError } from '../errors.ts';
import { licenceIdentifiers } from '../package/licence.ts';

const require = createRequire(import.meta.url);
const listedSchema = z.looseObject({ name: z.string(), licenseText: z.string().min(1) });

/** The text of `LICENSE` for an expression: what it covers, then every licence whole. Fails with `package_unlicensed`. */
export function licenceText(
  expression: string,
  sources: readonly { readonly id: string; readonly licence: string }[],
): string {
  const texts = licenceIdentifiers(expression).map((identifier) => {
    const { name, licenseText } = textOf(identifier);
    return `${name} (${identifier})\n\n${licenseText.trim()}`;
  });
  const trainedOn = sources.map(({ id, licence }) => `${id} (${licence})`).join(', ');
  const head = `SPDX-License-Identifier: ${expression}\n\nExperts trained on ${trainedOn}. Their authors are the miners that expert.json names.`;
  return `${[head, ...texts].join('\n\n----\n\n')}\n`;
}

function textOf(identifier: string): z.infer<typeof listedSchema> {
  try {
    return listedSchema.parse(require(`spdx-license-list/licenses/${identifier}.json`));
  } catch (cause) {
    const message = `SPDX lists no licence "${identifier}". Look for its identifier on https://spdx.org/licenses and give it with --licence.`;
    throw marketError('package_unlicensed', message, { licence: identifier }, cause);
  }
}
