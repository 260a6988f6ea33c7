/** What a server answered, with the body read. */
export interface Page {
  url: string;
  status: number;
  headers: Headers;
  body: string;
}

/**
 * As much of a browser as the story needs: cookies, a user agent, forms, and redirects one at a time, so that the story can
 * look at each. Cookies are kept by name only: every host here is the same one on another port, as with a real browser.
 */
export class Browser {
  private readonly cookies = new Map<string, string>();

  constructor(private readonly userAgent: string) {}

  get(url: string, headers: Record<string, string> = {}): Promise<Page> {
    return this.request(url, { headers: { 'sec-fetch-site': 'none', ...headers } });
  }

  /** As a form on a page of the same site would be sent. */
  submit(url: string, fields: Record<string, string>): Promise<Page> {
    const { origin } = new URL(url);
    return this.request(url, {
      method: 'POST',
      headers: { 'sec-fetch-site': 'same-origin', origin },
      body: new URLSearchParams(fields),
    });
  }

  post(url: string, headers: Record<string, string>): Promise<Page> {
    return this.request(url, { method: 'POST', headers });
  }

  private async request(
    url: string,
    init: { method?: string; headers: Record<string, string>; body?: URLSearchParams },
  ): Promise<Page> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(url, {
      ...init,
      headers: { ...init.headers, 'user-agent': this.userAgent, ...(cookie === '' ? {} : { cookie }) },
      redirect: 'manual',
      signal: AbortSignal.timeout(30_000),
    });
    for (const line of response.headers.getSetCookie()) this.remember(line);
    return { url, status: response.status, headers: response.headers, body: await response.text() };
  }

  private remember(setCookie: string): void {
    const [pair = ''] = setCookie.split(';');
    const at = pair.indexOf('=');
    if (at > 0) this.cookies.set(pair.slice(0, at).trim(), pair.slice(at + 1).trim());
  }
}

/** Where a redirect leads, made absolute. Throws when the page is no redirect. */
export function locationOf(page: Page): string {
  const location = page.headers.get('location');
  if (location === null) throw new Error(`${page.url} answered ${page.status} without a Location`);
  return new URL(location, page.url).toString();
}

/** What the hidden fields of a page's first form hold: what a browser would send along. */
export function hiddenFieldsOf(page: Page): Record<string, string> {
  const [form = ''] = /<form[^>]*>[^]*?<\/form>/.exec(page.body) ?? [];
  const fields = form.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g);
  return Object.fromEntries([...fields].map(([, name = '', value = '']) => [name, value]));
}

/** Where the first form of a page posts to: its own address, unless it says otherwise. */
export function formActionOf(page: Page): string {
  const [form] = /<form[^>]*>/.exec(page.body) ?? [];
  if (form === undefined) throw new Error(`${page.url} holds no form`);
  const action = /\baction="([^"]+)"/.exec(form)?.[1] ?? '';
  return new URL(action.replaceAll('&amp;', '&'), page.url).toString();
}
