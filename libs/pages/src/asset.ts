import { createHash } from 'node:crypto';

/** A file that pages load, with what its address carries so that browsers may keep it. */
export interface Asset {
  body: string | Buffer;
  type: string;
  hash: string;
}

export const javascript = 'text/javascript; charset=utf-8';

export function asset(body: string | Buffer, type: string): Asset {
  return { body, type, hash: createHash('sha256').update(body).digest('base64url').slice(0, 16) };
}

/** An address that changes with its content, so that browsers may keep it for a year and still never show an old look. */
export function addressOf(path: string, { hash }: Asset): string {
  return `${path}?v=${hash}`;
}

/** What a request says of the file it asks for. */
export interface Asked {
  /** The `v` of the address. One that is not ours may come from a newer replica: not kept. */
  version: unknown;
  known: string | undefined;
}

/** How an asset is answered: `isKnown` when the browser has it, and the body need not be sent. */
export function answerFor({ hash, type }: Asset, { version, known }: Asked) {
  const cacheControl = version === hash ? 'public, max-age=31536000, immutable' : 'no-cache';
  return {
    isKnown: known === `"${hash}"`,
    headers: { etag: `"${hash}"`, 'cache-control': cacheControl, 'content-type': type },
  };
}
