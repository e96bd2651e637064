import { marketError } from '../errors.ts';
import type { PackageChannel } from './channel.ts';
import { DirectoryChannel } from './directory-channel.ts';
import { HuggingFaceChannel } from './hugging-face-channel.ts';
import { NpmChannel } from './npm-channel.ts';
import { S3Channel } from './s3-channel.ts';
import { TarballChannel } from './tarball-channel.ts';

/** Secrets a channel may need; each comes from its own file or variable and is never part of an address. */
export type ChannelCredentials = {
  readonly npmToken?: string;
  readonly s3AccessKeyId?: string;
  readonly s3SecretAccessKey?: string;
  readonly s3Region?: string;
  readonly huggingFaceToken?: string;
};

export const CHANNEL_ADDRESSES =
  'dir:<folder>, tarballs:<folder>, npm:<registry URL>, s3:<URL of bucket and prefix>, hf:<URL of the hub>/<repository>';

/** The channel of an address; a plain path is a directory's. Touches no network. Fails with `invalid_channel`. */
export function openChannel(address: string, credentials: ChannelCredentials = {}): PackageChannel {
  const [, kind = 'dir', rest = address] = /^(dir|tarballs|npm|s3|hf):(.*)$/s.exec(address) ?? [];
  switch (kind) {
    case 'tarballs':
      return new TarballChannel(rest);
    case 'npm': {
      const { npmToken } = credentials;
      return new NpmChannel({
        registry: urlOf(rest, address),
        ...(npmToken === undefined ? {} : { token: npmToken }),
      });
    }
    case 's3': {
      const { s3AccessKeyId, s3SecretAccessKey, s3Region } = credentials;
      if (s3AccessKeyId === undefined || s3SecretAccessKey === undefined) {
        const message = `${address} needs credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.`;
        throw marketError('invalid_channel', message);
      }
      return new S3Channel({
        url: urlOf(rest, address),
        accessKeyId: s3AccessKeyId,
        secretAccessKey: s3SecretAccessKey,
        ...(s3Region === undefined ? {} : { region: s3Region }),
      });
    }
    case 'hf': {
      const { huggingFaceToken } = credentials;
      return new HuggingFaceChannel({
        repository: urlOf(rest, address),
        ...(huggingFaceToken === undefined ? {} : { token: huggingFaceToken }),
      });
    }
    default:
      if (!/^[a-z][a-z0-9+.-]*:/.test(rest)) return new DirectoryChannel(rest);
      throw invalid(address);
  }
}

function urlOf(text: string, address: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.search === '') return url;
  throw invalid(address);
}

function invalid(address: string) {
  const message = `"${address.slice(0, 120)}" is the address of no channel. Use ${CHANNEL_ADDRESSES}; URLs are http or https, without credentials.`;
  return marketError('invalid_channel', message);
}
