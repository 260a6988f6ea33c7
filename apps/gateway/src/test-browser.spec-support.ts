import { formField, issueFormToken } from '@billhook/pages';
import { randomBytes } from 'node:crypto';

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  /** The body as JSON; empty for pages. */
  json: Record<string, unknown>;
}

interface Call {
  headers?: Record<string, string>;
  body?: string;
}

/** Speaks to the gateway for one user, following no redirect: to pages with the cookie, to `/v1` with the token. */
export class TestBrowser {
  constructor(
    private readonly url: string,
    readonly token: string,
    private readonly publicUrl: string,
  ) {}

  get bearer(): Record<string, string> {
    return { authorization: `Bearer ${this.token}` };
  }

  get cookie(): Record<string, string> {
    return { cookie: `billhook_session=${this.token}` };
  }

  /** A link clicked on a page. */
  page(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.call('GET', path, { headers: { ...this.cookie, ...headers } });
  }

  /** What a page of this session puts into its forms: another one at each loading. */
  formToken(): string {
    return issueFormToken(this.token, randomBytes(16).toString('base64url'), new Date());
  }

  /** A form sent from one of the gateway's own pages, which has just been loaded. */
  submit(path: string, fields: Record<string, string>, headers?: Record<string, string>): Promise<Answer> {
    return this.call('POST', path, {
      body: new URLSearchParams({ [formField]: this.formToken(), ...fields }).toString(),
      headers: {
        ...this.cookie,
        'content-type': 'application/x-www-form-urlencoded',
        ...(headers ?? { 'sec-fetch-site': 'same-origin', origin: this.publicUrl }),
      },
    });
  }

  api(method: string, path: string, body?: unknown, headers: Record<string, string> = this.bearer): Promise<Answer> {
    if (body === undefined) return this.call(method, path, { headers });
    return this.call(method, path, {
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', ...headers },
    });
  }

  call(method: string, path: string, call: Call = {}): Promise<Answer> {
    return request(method, this.url + path, call);
  }
}

/** One request by whoever the headers say. */
export async function request(method: string, url: string, call: Call = {}): Promise<Answer> {
  const response = await fetch(url, { method, redirect: 'manual', ...call });
  const text = await response.text();
  const isJson = /json/.test(response.headers.get('content-type') ?? '');
  return {
    status: response.status,
    headers: response.headers,
    text,
    json: isJson ? toFields(text) : {},
  };
}

/** A JSON object's fields; throws on anything else. */
export function toFields(text: string): Record<string, unknown> {
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null) throw new Error(`not a JSON object: ${text}`);
  return { ...value };
}
